"""What is seen: painting over a picture, and the live window. Decides nothing."""
