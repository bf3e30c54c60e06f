"""The live part: source, newest picture, window, decision, and the loops that join them."""
