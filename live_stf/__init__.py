"""Live skeleton action recognition with STF-Net."""

__version__ = "0.1.0"
