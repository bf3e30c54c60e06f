"""From a frame to the people in it, and their identities from frame to frame."""
