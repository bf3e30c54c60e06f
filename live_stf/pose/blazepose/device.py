"""Choose where MediaPipe's networks run: on an NVIDIA GPU with TensorRT or torch, on the CPU with OpenVINO."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from live_stf.errors import PoseError, one_line
from live_stf.pose.blazepose import networks
from live_stf.pose.blazepose.networks import Networks
from live_stf.pose.estimators import DEVICES
from live_stf.runtime.hardware import DEVICE_FAILURES, LONGEST_REASON, Hardware, detect_hardware

UNREADABLE = (FileNotFoundError, PoseError)  # errors of the file: no other device can read it either


def open_networks(
    path: Path,
    people: int,
    precision: str,
    device: str | None = None,
    notify: Callable[[str], None] = lambda line: None,
    hardware: Hardware | None = None,
    folder: Path | None = None,
) -> Networks:
    """The networks of a file, for up to `people` at once. precision: of the landmark network.

    device: one of DEVICES; None for the GPU if one works, else the CPU. notify: called with one line that says why the
    best option is not used. folder: folder of TensorRT engines; None for the default folder.

    Raises as `networks.open_networks` does, and PoseError if the requested GPU cannot be used.
    """
    if device not in (None, *DEVICES):
        raise PoseError(f"unknown device {device!r}; choose {' or '.join(DEVICES)}")
    if device != "cpu":
        hardware = detect_hardware() if hardware is None else hardware
        if hardware.gpu is not None:
            try:
                return _open_on_gpu(path, people, precision, hardware, folder, notify)
            except UNREADABLE:
                raise
            except DEVICE_FAILURES as problem:
                reason = f"BlazePose does not run on {hardware.gpu}: {one_line(problem, LONGEST_REASON)}"
                if device == "cuda":
                    raise PoseError(reason) from problem
                notify(f"{reason}; it runs on the CPU instead")
        elif device == "cuda":
            raise PoseError(f"BlazePose cannot run on a GPU: {hardware.reason}; leave :cuda out")
    return networks.open_networks(path, people, precision)


def _open_on_gpu(
    path: Path,
    people: int,
    precision: str,
    hardware: Hardware,
    folder: Path | None,
    notify: Callable[[str], None],
) -> Networks:
    """Open the networks with TensorRT if engines were built for this GPU, else with torch."""
    from live_stf.pose.blazepose import gpu

    if hardware.tensorrt is not None:
        from live_stf.pose.blazepose import tensorrt_networks as tensorrt

        try:
            return tensorrt.open_networks(path, people, precision, hardware, folder)
        except UNREADABLE:
            raise
        except DEVICE_FAILURES as problem:
            notify(f"{one_line(problem, LONGEST_REASON)}; torch runs BlazePose instead")
    return gpu.open_networks(path, people, precision)
