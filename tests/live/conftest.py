"""The fakes of the live loop, for the tests of this folder."""

from tests.fakes import fakes, model

__all__ = ["fakes", "model"]
