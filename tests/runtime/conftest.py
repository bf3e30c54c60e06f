"""The small model of the engines' tests."""

from tests.engine.conftest import small_model, small_model_folder

__all__ = ["small_model", "small_model_folder"]
