"""Find people with one run of a network on the whole image."""

from __future__ import annotations

import numpy as np

from live_stf.pose.formats.output_form import WholeImage
from live_stf.pose.onnx_network import CompiledNetwork
from live_stf.pose.warp import letterbox
from live_stf.types import Frame


class WholeImageFinder:
    """Finds bodies with at least the given score, as `form` reads the network's outputs."""

    def __init__(self, network: CompiledNetwork, form: WholeImage, score: float) -> None:
        self._network = network
        self._form = form
        self._score = score

    def find(self, frame: Frame) -> list[np.ndarray]:
        """Keypoints (K, 3) of every body, highest score first: x, y in pixels of the frame, score."""
        warp = letterbox(frame.size, self._network.size)
        bodies = self._form.read(self._network.run(warp.cut(frame.image)), self._score)
        places = warp.to_image(bodies.keypoints[..., :2])
        return list(np.concatenate([places, bodies.keypoints[..., 2:]], axis=-1))

    def close(self) -> None:
        """Free memory. May be called twice."""
        self._network.close()
