"""The user interface: the overlay of pictures and the live window."""
