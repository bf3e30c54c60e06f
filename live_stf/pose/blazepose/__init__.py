"""MediaPipe's pose networks (BlazePose) on a CPU or GPU, with the steps between them after its published graph."""

from live_stf.pose.blazepose.blazepose import BlazePose

__all__ = ["BlazePose"]
