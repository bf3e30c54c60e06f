"""What a soak consists of: a camera with faults, what is watched meanwhile, and the limits it is held to."""
