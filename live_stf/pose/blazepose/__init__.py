"""MediaPipe's pose networks (BlazePose) on a CPU or GPU, with the steps of its published graph between them."""

from live_stf.pose.blazepose.blazepose import BlazePose

__all__ = ["BlazePose"]
