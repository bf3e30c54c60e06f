"""A pickled list item by item, so that a long one need not be in memory whole.

The pickle is read operation by operation, as pickletools takes it apart, and builds nothing but what `safe_pickle`
admits. Only what later operations ask for again is remembered, so an item that was handed on is gone.
"""

from __future__ import annotations

import pickle
import pickletools
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from live_stf.data.formats.safe_pickle import Admitted, Array, Dtype, admitted, load_pickle

_MARK = object()
_VALUES = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING",
    "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8", "UNICODE", "BINUNICODE",
    "SHORT_BINUNICODE", "BINUNICODE8",
}  # fmt: skip
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_EMPTY = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": set}
_GATHERED = {"TUPLE": tuple, "LIST": list, "FROZENSET": frozenset}  # of what lies above the mark
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_REMEMBER = {"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"}
_RECALL = {"GET", "BINGET", "LONG_BINGET"}
_NOTHING = {"PROTO", "FRAME", "STOP"}  # is to be done


class PickledList:
    """The list that the pickle at `path` is, or that it has under `key`; it can be gone through again.

    rest: what the pickle holds, with that list empty. Where there is none, `rest` is the whole content and this is
    empty. DataError as of `load_pickle`, always before the first item.

    In memory are the items of one batch, a thousand as Python writes them, and what the pickle refers to more than
    once. A pickle that is written in an unusual way is in memory whole.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key
        self._whole: list[Any] | None = None
        try:
            with path.open("rb") as file:
                self._recalled = _recalled(file)
            # Once without keeping the items: all of them can be read, and what they belong to is known.
            self.rest = _last(self._read())
        except Exception:  # a damaged pickle ends in nearly any of them; reading it whole says what is wrong
            self.rest, self._whole = _split(load_pickle(path), key)

    def __iter__(self) -> Iterator[Any]:
        return self._read() if self._whole is None else iter(self._whole)

    def _read(self) -> Generator[Any, None, Any]:
        with self._path.open("rb") as file:
            return (yield from _Machine(self._recalled, self._key).run(file))


def _last(items: Generator[Any, None, Any]) -> Any:
    """What a generator returns."""
    while True:
        try:
            next(items)
        except StopIteration as end:
            return end.value


def _split(content: Any, key: str) -> tuple[Any, list[Any]]:
    """A whole content without the items of its list, and these."""
    found = _list_of(content, key)
    items = list(found or ())
    if found is not None:
        found.clear()
    return content, items


def _list_of(content: Any, key: str) -> list[Any] | None:
    found = content.get(key) if isinstance(content, dict) else content
    return found if isinstance(found, list) else None


def _recalled(file: BinaryIO) -> frozenset[int]:
    """Numbers in the pickle's memory that are asked for again."""
    return frozenset(argument for operation, argument, _ in pickletools.genops(file) if operation.name in _RECALL)


class _Machine:
    """Builds what a pickle says, as the pickle protocol defines it."""

    def __init__(self, recalled: frozenset[int], key: str) -> None:
        self._recalled, self._key = recalled, key
        self._stack: list[Any] = []
        self._memory: dict[int, Any] = {}
        self._remembered = 0  # how often something was
        self._handed: list[Any] | None = None  # the list whose items are handed on; it stays empty

    def run(self, file: BinaryIO) -> Generator[Any, None, Any]:
        """Hand the list's items on; returns the rest. Any exception for what is damaged, not admitted or unusual."""
        for operation, argument, _ in pickletools.genops(file):
            if operation.name in ("APPEND", "APPENDS"):
                items = [self._stack.pop()] if operation.name == "APPEND" else self._above_mark()
                if self._is_wanted(self._stack[-1]):
                    self._handed = self._stack[-1]
                    yield from items
                else:
                    list.extend(self._stack[-1], items)
            elif operation.name not in _NOTHING:
                self._do(operation.name, argument)
        (content,) = self._stack
        found = _list_of(content, self._key)
        if found or (self._handed is not None and found is not self._handed):
            raise pickle.UnpicklingError("the list is not where it was looked for")
        return content

    def _is_wanted(self, target: Any) -> bool:
        """Whether this is the content itself, or what lies under the key in it, as far as can be seen by now."""
        stack = self._stack
        if self._handed is not None or len(stack) == 1:
            return target is (self._handed if self._handed is not None else stack[0])
        deeper = any(value is _MARK for value in stack[2:])
        return isinstance(stack[0], dict) and isinstance(stack[-2], str) and stack[-2] == self._key and not deeper

    def _above_mark(self) -> list[Any]:
        stack = self._stack
        mark = next(place for place in range(len(stack) - 1, -1, -1) if stack[place] is _MARK)
        values = stack[mark + 1 :]
        del stack[mark:]
        return values

    def _do(self, name: str, argument: Any) -> None:
        stack = self._stack
        if name in _RECALL:
            stack.append(self._memory[argument])
        elif name in _REMEMBER:
            if argument not in (None, self._remembered):
                raise pickle.UnpicklingError("its memory is not filled in order")
            if self._remembered in self._recalled:
                self._memory[self._remembered] = stack[-1]
            self._remembered += 1
        elif name in _VALUES:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            stack.append(_EMPTY[name]())
        elif name == "MARK":
            stack.append(_MARK)
        elif name in _GATHERED:
            stack.append(_GATHERED[name](self._above_mark()))
        elif name in _TUPLES:
            stack[-_TUPLES[name] :] = [tuple(stack[-_TUPLES[name] :])]
        elif name in ("SETITEM", "SETITEMS", "DICT"):
            self._set_items(name)
        elif name == "ADDITEMS":
            values = self._above_mark()
            set.update(stack[-1], values)
        else:
            self._make(name, argument)

    def _set_items(self, name: str) -> None:
        values = [self._stack.pop() for _ in range(2)][::-1] if name == "SETITEM" else self._above_mark()
        if name == "DICT":
            self._stack.append({})
        if not isinstance(self._stack[-1], dict):
            raise pickle.UnpicklingError("items of what is no dictionary")
        self._stack[-1].update(zip(values[::2], values[1::2], strict=True))

    def _make(self, name: str, argument: Any) -> None:
        """What only arrays and a few containers need."""
        stack = self._stack
        if name == "GLOBAL":
            stack.append(admitted(*argument.split(" ", 1)))
        elif name == "STACK_GLOBAL":
            module, name = stack[-2:]
            stack[-2:] = [admitted(module, name)]
        elif name == "REDUCE" and isinstance(stack[-2], Admitted):
            arguments = stack.pop()
            stack[-1] = stack[-1](*arguments)
        elif name == "BUILD" and isinstance(stack[-2], (Array, Dtype)):
            state = stack.pop()
            stack[-1].__setstate__(state)
        else:
            raise pickle.UnpicklingError(f"{name} is not read here")
