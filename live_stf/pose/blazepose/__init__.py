"""MediaPipe's pose networks (BlazePose) on a processor or a GPU, with the steps between them of its published graph."""

from live_stf.pose.blazepose.blazepose import BlazePose

__all__ = ["BlazePose"]
