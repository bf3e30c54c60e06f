"""Run compiled networks of any kind: hardware, OpenVINO, TensorRT, CUDA graphs, records of built engines."""
