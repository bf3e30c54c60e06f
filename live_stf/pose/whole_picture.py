"""Everybody in the picture by one run of a network."""

from __future__ import annotations

import numpy as np

from live_stf.pose.formats.output_form import WholePicture
from live_stf.pose.onnx_network import OnnxNetwork
from live_stf.pose.warp import letterbox
from live_stf.types import Frame


class WholePictureFinder:
    """Bodies with at least `score`, as `form` reads the compiled network."""

    def __init__(self, network: OnnxNetwork, form: WholePicture, score: float) -> None:
        self._network = network
        self._form = form
        self._score = score

    def find(self, frame: Frame) -> list[np.ndarray]:
        """Keypoints (K, 3) of every body, the surest first: x, y in pixels of the picture, score."""
        warp = letterbox(frame.size, self._network.size)
        bodies = self._form.read(self._network.run(warp.cut(frame.image)), self._score)
        places = warp.back(bodies.keypoints[..., :2])
        return list(np.concatenate([places, bodies.keypoints[..., 2:]], axis=-1))

    def close(self) -> None:
        """Give memory back; may be called twice."""
        self._network.close()
