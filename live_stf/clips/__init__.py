"""Labels for whole clips: segments and annotated video."""
