"""RTMO and YOLOX-pose as MMDeploy exports them: boxes with scores, and keypoints for each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from live_stf.pose.formats.output_form import PLAIN_BGR, Bodies, Shape, WholeImage, distinct

OVERLAP = 0.45  # RTMO reports a few bodies twice; its authors' program removes them with this overlap


class OneStage(WholeImage):
    """dets (1, n, 5): left, top, right, bottom, score; keypoints (1, n, K, 3)."""

    kind = "one-stage"
    pixels = PLAIN_BGR

    def joints(self, shapes: Sequence[Shape], size: tuple[int, int]) -> int | None:
        if sorted(map(len, shapes)) != [3, 4]:
            return None
        dets, keypoints = sorted(shapes, key=len)
        return keypoints[2] if dets[2] == 5 and keypoints[3] == 3 and keypoints[2] > 0 else None

    def read(self, outputs: Sequence[np.ndarray], score: float) -> Bodies:
        dets, keypoints = (output[0] for output in sorted(outputs, key=np.ndim))
        kept = distinct(dets[:, :4], dets[:, 4], score, OVERLAP)
        return Bodies(dets[kept, 4], keypoints[kept])
