"""File formats that several data sets share, and how their bodies are read."""
