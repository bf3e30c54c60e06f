"""Running compiled networks of any kind: the hardware, OpenVINO, TensorRT, CUDA graphs, records of built engines."""
