"""How the outputs of pose networks and person detectors are told apart and read, one module per form."""
