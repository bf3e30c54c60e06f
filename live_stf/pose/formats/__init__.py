"""How the outputs of pose networks and person detectors are recognised and read, one module per form."""
