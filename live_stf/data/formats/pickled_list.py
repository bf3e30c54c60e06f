"""A pickled list read item by item, so that a list of many gigabytes is never in memory as a whole.

This builds on the unpickler that is written in Python (`pickle._Unpickler`, which joblib uses, too), with two
differences: only objects that later operations recall are remembered, and the items of one list are handed on instead
of being kept. `safe_pickle` decides which objects may be built. docs/formats.md says why no library does this.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from live_stf.data.formats.safe_pickle import Admitted, admitted, checked_operations, load_pickle

_RECALL = {"GET", "BINGET", "LONG_BINGET"}


class PickledList:
    """The list that the pickle at `path` holds: as its whole content or, in a dictionary, under `key`.

    It can be iterated over any number of times. The items of one batch (a thousand, as Python writes them) and the
    objects that the pickle refers to more than once are in memory. A pickle of unusual structure is read as a whole.

    Attributes:
        rest: the content of the pickle with that list empty. If the pickle holds no such list, `rest` is the whole
            content and there are no items.

    Raises DataError if the pickle cannot be read, is damaged or asks for anything but arrays and plain containers;
    always before the first item.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key
        self._whole: list[Any] | None = None
        try:
            with path.open("rb") as file:
                self._recalled = _recalled(file)
            # A first pass that drops the items: it shows that all of them can be read, and what surrounds them.
            self.rest = _result(self._read())
        except Exception:  # a damaged pickle raises nearly anything; reading it whole says what is wrong
            self.rest, self._whole = _split(load_pickle(path), key)

    def __iter__(self) -> Iterator[Any]:
        return self._read() if self._whole is None else iter(self._whole)

    def _read(self) -> Generator[Any, None, Any]:
        with self._path.open("rb") as file:
            return (yield from _ListUnpickler(file, self._recalled, self._key).items())


def _result(items: Generator[Any, None, Any]) -> Any:
    """The return value of a generator."""
    while True:
        try:
            next(items)
        except StopIteration as end:
            return end.value


def _split(content: Any, key: str) -> tuple[Any, list[Any]]:
    """A whole content without the items of its list, and the items."""
    found = _list_of(content, key)
    items = list(found or ())
    if found is not None:
        found.clear()
    return content, items


def _list_of(content: Any, key: str) -> list[Any] | None:
    found = content.get(key) if isinstance(content, dict) else content
    return found if isinstance(found, list) else None


def _recalled(file: BinaryIO) -> frozenset[int]:
    """Numbers of the objects in the pickle's memory that are recalled."""
    return frozenset(argument for operation, argument in checked_operations(file) if operation in _RECALL)


class _Memory(dict[int, Any]):
    """The memory of an unpickler: it stores only objects that are recalled later, and counts all of them."""

    def __init__(self, recalled: frozenset[int]) -> None:
        super().__init__()
        self._recalled, self._count = recalled, 0

    def __setitem__(self, number: int, value: Any) -> None:
        if number != self._count:
            raise pickle.UnpicklingError("its memory is not filled in order")
        self._count += 1
        if number in self._recalled:
            super().__setitem__(number, value)

    def __len__(self) -> int:
        return self._count


class _Batch(Exception):
    """Leaves the loop of the unpickler with items of the list."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items


class _Stop(Exception):
    """Leaves the loop of the unpickler with the content, at the end."""

    def __init__(self, content: Any) -> None:
        self.content = content


class _ListUnpickler(pickle._Unpickler):
    """Python's own unpickler, which leaves its loop whenever it would append to the list under `key`."""

    # The state of pickle._Unpickler, which type stubs omit: objects since the last mark, and before each mark.
    stack: list[Any]
    metastack: list[list[Any]]
    read: Callable[[int], bytes]
    pop_mark: Callable[[], list[Any]]
    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(pickle._Unpickler.dispatch)

    def __init__(self, file: BinaryIO, recalled: frozenset[int], key: str) -> None:
        super().__init__(file, encoding="latin1")
        self.memo = _Memory(recalled)
        self._key = key
        self._handed: list[Any] | None = None  # the list whose items are handed on; it stays empty

    def find_class(self, module: str, name: str) -> Admitted:
        return admitted(module, name)

    def items(self) -> Generator[Any, None, Any]:
        """Yields the items and returns the rest. Raises anything if the pickle is damaged, unsafe or unusual."""
        run: Callable[[], Any] = self.load
        while True:
            try:
                run()
            except _Batch as batch:
                yield from batch.items
            except _Stop as stop:
                return self._checked(stop.content)
            run = self._continue

    def _continue(self) -> None:
        """The loop of `load` without its beginning."""
        while True:
            self.dispatch[self.read(1)[0]](self)

    def _checked(self, content: Any) -> Any:
        found = _list_of(content, self._key)
        if self.stack or self.metastack or found or (self._handed is not None and found is not self._handed):
            raise pickle.UnpicklingError("the list is not at its usual place")
        return content

    def _append(self) -> None:
        self._extend([self.stack.pop()])

    def _append_batch(self) -> None:
        self._extend(self.pop_mark())

    def _stop(self) -> None:
        raise _Stop(self.stack.pop())

    def _extend(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if not self._is_wanted(target):
            list.extend(target, items)
            return
        self._handed = target
        raise _Batch(items)

    def _is_wanted(self, target: Any) -> bool:
        """Whether this is the content itself or, as far as can be seen by now, its list under the key."""
        if self._handed is not None:
            return target is self._handed
        below = [value for stack in self.metastack for value in stack]
        if not below and len(self.stack) == 1:
            return isinstance(target, list)
        owners, key = below or self.stack[:-2], self.stack[-2] if len(self.stack) > 1 else None
        return len(owners) == 1 and isinstance(owners[0], dict) and isinstance(key, str) and key == self._key

    dispatch[pickle.APPEND[0]] = _append
    dispatch[pickle.APPENDS[0]] = _append_batch
    dispatch[pickle.STOP[0]] = _stop
