"""The source files of live_stf that a module depends on, found by parsing imports; nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


def source_files(modules: Iterable[str], package: Path = PACKAGE) -> list[Path]:
    """Files of the modules and of all that they import from live_stf, directly or not, sorted.

    Args:
        modules: full names, such as "live_stf.data.clip".
        package: folder of the package live_stf.

    Imports count anywhere in a file. The `__init__.py` of a package counts only if a name is imported from it. That
    importing a module also runs the `__init__.py` above it is ignored: live_stf's own imports nearly everything.
    """
    found: set[Path] = set()
    waiting = [_file(module, package) for module in modules]
    while waiting:
        path = waiting.pop()
        if path is not None and path not in found:
            found.add(path)
            waiting += [_file(name, package) for name in _imported(path, package)]
    return sorted(found)


def _file(module: str, package: Path) -> Path | None:
    """The file of a module of live_stf; None if there is no such module."""
    top, *names = module.split(".")
    if top != "live_stf":
        return None
    path = package.joinpath(*names)
    choices = (path.with_suffix(".py"), path / "__init__.py") if names else (path / "__init__.py",)
    return next((choice for choice in choices if choice.is_file()), None)


def _imported(path: Path, package: Path) -> Iterator[str]:
    """Full names of the modules that a file imports; imports are absolute in this project."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield node.module if _file(submodule, package) is None else submodule
