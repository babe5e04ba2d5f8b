"""What a study file names in Python: ``package.module:name``, beside the file or installed."""

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dynstudy.errors import nearest


def imported(reference: str, folder: Path) -> Any:
    """Return what ``package.module:name`` names; modules in a folder come before those installed.

    A module of the folder is run anew if it has changed, or if one of its name was loaded from
    elsewhere.

    Raises:
        ValueError: there is none, or its module fails; the rest of a sentence.
    """
    module, colon, name = reference.partition(":")
    if not colon or not module or not name:
        raise ValueError(f"{reference!r}: must be 'package.module:name'")
    with importable(folder):
        _forget_others(module.partition(".")[0], folder)
        try:
            loaded = importlib.import_module(module)
        except (Exception, SystemExit) as error:
            missing = isinstance(error, ModuleNotFoundError) and error.name in _parents(module)
            why = f"is not in {folder}, nor installed" if missing else f"fails: {said(error)}"
            raise ValueError(f"{reference!r}: the module {module} {why}") from None
    try:
        return pkgutil.resolve_name(f"{module}:{name}")
    except AttributeError:
        names = [each for each in vars(loaded) if not each.startswith("_")]
        raise ValueError(f"{reference!r}: {module} has no {name}{nearest(name, names)}") from None


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Look for modules in a folder first."""
    importlib.invalidate_caches()
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        if str(folder) in sys.path:
            sys.path.remove(str(folder))


def said(error: BaseException) -> str:
    """An error of somebody's code, in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:200].removesuffix(":")


def file_in(reference: str, folder: Path) -> Path | None:
    """The file of the module of ``package.module:name`` in a folder, if it is there."""
    path = folder.joinpath(*reference.partition(":")[0].split("."))
    files = path.with_name(f"{path.name}.py"), path / "__init__.py"
    return next((file for file in files if file.is_file()), None)


def _parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]


_loaded: dict[str, list[Any]] = {}
"""What the files of packages were that came from a folder."""


def _forget_others(top: str, folder: Path) -> None:
    """Let a package of a folder be loaded from its files as they are, with all its modules."""
    file, stamp = file_in(top, folder), list[Any]()
    if file is not None:
        sources = sorted(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file]
        facts = [(str(source), source.stat()) for source in sources]
        stamp = [(name, each.st_mtime_ns, each.st_size) for name, each in facts]
    by_others = getattr(sys.modules.get(top), "__file__", None)  # as it is now, as far as is known
    if _loaded.get(top, stamp if by_others == str(file) else []) != stamp:
        for name in [name for name in sys.modules if name.partition(".")[0] == top]:
            del sys.modules[name]
    _loaded[top] = stamp
