"""Labelling of clips that are whole files: segments and annotated video."""
