"""MATLAB files of the data sets, through SciPy."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from live_stf.data.reader import require
from live_stf.errors import DataError


def load_matlab(path: Path, variable: str, source: str) -> np.ndarray:
    """One variable of a .mat file. Raises DataError if the file is missing, damaged or lacks it."""
    require(path, source)
    try:
        return loadmat(path, variable_names=[variable])[variable]
    except (OSError, ValueError, TypeError, KeyError, IndexError, EOFError, MatReadError, zlib.error) as error:
        raise DataError(f"{source}: {path} is damaged, {variable} cannot be read from it; fetch it again") from error


def strings(cells: np.ndarray) -> list[str]:
    """The strings of a cell array, without surrounding white space."""
    return [str(cell.item()).strip() for cell in cells.ravel()]
