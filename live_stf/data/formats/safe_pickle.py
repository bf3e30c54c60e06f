"""Untrusted pickles, read without running any of their code.

A pickle is a program: loading one can call anything that can be imported. This reader gives NumPy arrays, numbers,
strings and plain containers, and refuses a pickle that names anything else. Arrays are made from a type code and bytes
alone: NumPy's own types would accept flags from the pickle that make NumPy take bytes for addresses.
"""

from __future__ import annotations

import math
import pickle
import pickletools
import re
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal, NoReturn

import numpy as np

from live_stf.errors import DataError

_REMEMBER = ("PUT", "BINPUT", "LONG_BINPUT")
_EXTENSIONS = ("EXT1", "EXT2", "EXT4")
_CODE = re.compile(r"[biufSU]\d+|\?")


def load_pickle(path: Path) -> Any:
    """The content of the pickle at `path`, in memory as a whole. Strings of Python 2 are read as Latin-1.

    Raises DataError if the file cannot be read, is damaged, or names anything but arrays and plain containers.
    """
    try:
        with path.open("rb") as file:
            deque(checked_operations(file), maxlen=0)
            file.seek(0)
            return _Unpickler(file, encoding="latin1").load()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    except pickle.UnpicklingError as error:
        raise DataError(f"{path} is not a pickle of arrays and plain containers: {error}") from error
    except Exception as error:  # a damaged pickle raises nearly anything
        problem = " ".join(f"{type(error).__name__} {error}".split())
        raise DataError(f"{path} is not a pickle of arrays and plain containers: {problem}") from error


def checked_operations(file: BinaryIO) -> Iterator[tuple[str, Any]]:
    """Name and argument of each operation of a pickle, without executing any.

    Raises UnpicklingError at two operations that no pickler of data writes. Objects stored under large numbers: Python
    allocates memory for all numbers up to the largest, so five bytes could exhaust it. Objects named by the numbers of
    `copyreg`'s extensions: Python can resolve these without calling `find_class`.
    """
    for done, (operation, argument, _) in enumerate(pickletools.genops(file)):
        if operation.name in _REMEMBER and argument is not None and argument > done:
            raise pickle.UnpicklingError(f"it stores an object as number {argument} after {done} operations")
        if operation.name in _EXTENSIONS:
            raise pickle.UnpicklingError(f"it names an object by the extension number {argument}")
        yield operation.name, argument


class Dtype:
    """A simple NumPy type under construction: its code, then its byte order."""

    def __init__(self, code: Any, *_: Any) -> None:
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            raise pickle.UnpicklingError(f"arrays of {code!r} are not read")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple) -> None:
        if state[1] in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(state[1])


class Array(np.ndarray):
    """An array under construction: empty, then filled from bytes."""

    def __setstate__(self, state: tuple) -> None:
        version, shape, dtype, fortran, content = state
        dtype = _simple(dtype)
        # NumPy multiplies sizes that a pickle gives without asking whether the product fits.
        if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(content):
            raise pickle.UnpicklingError(f"{len(content)} bytes for an array of {shape}")
        super().__setstate__((version, shape, dtype, fortran, content))


def _simple(dtype: Any) -> np.dtype:
    if not isinstance(dtype, Dtype):
        raise pickle.UnpicklingError("an array without a simple type")
    return dtype.dtype


def _reconstruct(*_: Any) -> Array:
    return Array((0,), np.int8)


def _scalar(dtype: Any, content: bytes | str) -> np.generic:
    return np.frombuffer(_encode(content), _simple(dtype), 1)[0]


def _from_buffer(
    content: bytes | bytearray, dtype: Any, shape: tuple[int, ...], order: Literal["C", "F"]
) -> np.ndarray:
    return np.frombuffer(content, _simple(dtype)).reshape(shape, order=order)


def _encode(text: bytes | str, encoding: str = "latin1") -> bytes:
    """Bytes, which protocols before 3 write as text."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"text as {encoding!r} is not read")
    return text.encode("latin1") if isinstance(text, str) else bytes(text)


def _no_bytes() -> bytes:
    """Empty bytes, as protocols before 3 write them. `bytes` itself would fill the memory if it got a number."""
    return b""


class Admitted:
    """A function that a pickle may call; it can do nothing else with it."""

    __slots__ = ("_made_by",)

    def __init__(self, made_by: Callable[..., Any]) -> None:
        self._made_by = made_by

    def __call__(self, *arguments: Any) -> Any:
        return self._made_by(*arguments)

    def __setstate__(self, state: Any) -> NoReturn:
        raise pickle.UnpicklingError("a name with a state of its own")


def _never(*_: Any) -> NoReturn:
    raise pickle.UnpicklingError("an array that is called")


_ADMITTED: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): _never,  # only named, as an argument of _reconstruct
    ("numpy", "dtype"): Dtype,
    ("_codecs", "encode"): _encode,
    ("collections", "OrderedDict"): OrderedDict,
}
for _builtins in ("__builtin__", "builtins"):  # protocols before 3 name Python 2's
    _ADMITTED[_builtins, "set"] = set
    _ADMITTED[_builtins, "frozenset"] = frozenset
    _ADMITTED[_builtins, "bytes"] = _no_bytes
for _core in ("numpy.core", "numpy._core"):  # before NumPy 2 and since
    _ADMITTED[f"{_core}.multiarray", "_reconstruct"] = _reconstruct
    _ADMITTED[f"{_core}.multiarray", "scalar"] = _scalar
    _ADMITTED[f"{_core}.numeric", "_frombuffer"] = _from_buffer


def admitted(module: str, name: str) -> Admitted:
    """The function that a name in a pickle stands for. Raises UnpicklingError unless arrays or containers need it."""
    if (module, name) not in _ADMITTED:
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")
    return Admitted(_ADMITTED[module, name])


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Admitted:
        return admitted(module, name)
