"""MediaPipe's pose networks (BlazePose) run by OpenVINO, with the steps between them that its published graph has."""

from live_stf.pose.blazepose.estimator import BlazePose

__all__ = ["BlazePose"]
