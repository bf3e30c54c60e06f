"""The small model of the engines' tests."""

from tests.engine.conftest import shallow, shallow_model_folder, small_model

__all__ = ["shallow", "shallow_model_folder", "small_model"]
