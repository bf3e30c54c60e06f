"""MediaPipe's pose networks (BlazePose): where they come from, and the files that hold them.

Two files hold the same pair of networks, a person detector and a landmark network, under the same names:
- `pose_landmarker_*.zip`, which is downloaded: the networks as MediaPipe published them. BlazePose needs no more.
- `pose_landmarker_*.task`, a bundle for MediaPipe's own pose task: the landmark network has additional metadata, which
  `pose.bundle` adds on this machine when MediaPipe is first used. Version 0.1 made only this file.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from live_stf.assets.cache import cache_folder, holds
from live_stf.assets.files import Asset, fetch
from live_stf.assets.packages import NodePackage, Wheel
from live_stf.errors import PoseError

# Names inside both files.
DETECTOR_NAME = "pose_detector.tflite"
LANDMARKS_NAME = "pose_landmarks_detector.tflite"

# Outputs of a landmark network, in the order of its tensors: 39 landmarks in image coordinates (33 of the body and 6
# auxiliary), whether there is a pose, a segmentation mask, landmark heat maps, 39 landmarks in metres.
LANDMARK_OUTPUTS = ("landmarks", "pose_flag", "segmentation", "heatmap", "world_landmarks")

# The newest wheel that still contains the networks.
MODELS_WHEEL = Wheel("mediapipe", "0.10.21", size=35_622_638, licence_file="mediapipe-0.10.21.dist-info/LICENSE")
# The release with the same full network as the wheel. It has no licence file; its package.json names the licence.
MODELS_NODE_PACKAGE = NodePackage(
    "@mediapipe/pose", "0.5.1675469404", size=40_985_403, licence_file="package/package.json"
)


@dataclass(frozen=True)
class PoseModel:
    """One of MediaPipe's landmark networks, together with the person detector.

    networks: the downloaded file. bundle_sha256: SHA-256 of the bundle that `pose.bundle` makes from it.
    """

    networks: Asset
    bundle_sha256: str

    @property
    def bundle(self) -> Path:
        """The path of the bundle in the cache folder."""
        return (cache_folder() / self.networks.name).with_suffix(".task")


def archive(detector: bytes, landmarks: bytes) -> bytes:
    """An uncompressed zip of the two networks. Equal inputs give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as networks:
        for name, data in ((DETECTOR_NAME, detector), (LANDMARKS_NAME, landmarks)):
            # A fixed date and fixed permissions: the hash must not depend on when or where the file was made.
            member = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            member.create_system = 3
            member.external_attr = 0o644 << 16
            networks.writestr(member, data)
    return buffer.getvalue()


def unpacked(path: Path) -> tuple[bytes, bytes]:
    """The detector and the landmark network in either file. Raises BadZipFile or KeyError if they are not in it."""
    with zipfile.ZipFile(path) as networks:
        return networks.read(DETECTOR_NAME), networks.read(LANDMARKS_NAME)


def _with_the_same_detector(landmarks: bytes) -> bytes:
    """The file of a landmark network, with the detector of the full model, which all models share."""
    detector, _ = unpacked(pose_model())
    return archive(detector, landmarks)


def _full() -> Asset:
    return Asset(
        name="pose_landmarker_full.zip",
        label="pose model",
        sha256="5fdc86fdfb494759b0387b16b956adb8d0451ba7b10de7baa4b2412fb08f52b2",
        licence="Apache-2.0",
        source=MODELS_WHEEL,
        members={
            "mediapipe/modules/pose_detection/pose_detection.tflite": (
                "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c"
            ),
            "mediapipe/modules/pose_landmark/pose_landmark_full.tflite": (
                "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f"
            ),
        },
        assemble=archive,
    )


def _other(complexity: str, landmarks_sha256: str, sha256: str) -> Asset:
    return Asset(
        name=f"pose_landmarker_{complexity}.zip",
        label=f"{complexity} pose model",
        sha256=sha256,
        licence="Apache-2.0",
        source=MODELS_NODE_PACKAGE,
        members={f"package/pose_landmark_{complexity}.tflite": landmarks_sha256},
        assemble=_with_the_same_detector,
        command=f"live-stf fetch --pose {complexity}",
    )


POSE_MODELS = {
    "lite": PoseModel(
        _other(
            "lite",
            landmarks_sha256="f17bfbecadb61c3be1baa8b8d851cc6619c870a87167b32848ad20db306b9d61",
            sha256="5c36db0a1af19711fcd3f81723bd975046968ba0e5918a74c4b9e6ecadf6e23d",
        ),
        bundle_sha256="1c3bf4a618c9b87c37a8640de72d97f8c69b866c60ed1cdd2705820d969d062e",
    ),
    "full": PoseModel(_full(), bundle_sha256="0ae41bbb72f33500b0155489962b689c817497e79c4c6294bc0b4b1988e0b222"),
    "heavy": PoseModel(
        _other(
            "heavy",
            landmarks_sha256="59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe",
            sha256="94949ad736be52dadb163a682d39fbec0f3e4df79b329929bd0ed77c317502ac",
        ),
        bundle_sha256="f32e42840873135fc493f1e7e5cf7f7905754d5c5d9f8020315f2d8c4e0071f7",
    ),
}


def find_pose_model(complexity: str) -> PoseModel:
    """The pose model of a complexity, a key of POSE_MODELS. Raises PoseError if the complexity is unknown."""
    if complexity not in POSE_MODELS:
        raise PoseError(f"unknown complexity {complexity!r}; choose one of {', '.join(POSE_MODELS)}")
    return POSE_MODELS[complexity]


def pose_model(complexity: str = "full") -> Path:
    """A file with the person detector and the landmark network of that complexity, downloaded if it is missing.

    A bundle for MediaPipe, possibly made by an earlier version, is used too: its networks compute the same. Raises
    AssetError if the download fails, PoseError if the complexity is unknown.
    """
    model = find_pose_model(complexity)
    if not (cache_folder() / model.networks.name).is_file() and holds(model.bundle, model.bundle_sha256):
        return model.bundle
    return fetch(model.networks)
