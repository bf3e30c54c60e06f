"""What every compiled network needs, whoever runs it: the machine, OpenVINO, CUDA graphs, records of built engines."""
