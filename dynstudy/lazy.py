"""Names of a module that are loaded when they are first used (PEP 562)."""

import importlib
from collections.abc import Mapping
from typing import Any

from dynstudy.errors import NEEDS_TORCH


def loaded(module: str, homes: Mapping[str, str], name: str) -> Any:
    """Return what a module exports under a name, from the module that is its home.

    Raises:
        AttributeError: it exports no such name.
        ImportError: PyTorch, which all else does without, is not there.
        ModuleNotFoundError: something else is not.
    """
    if name not in homes:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(homes[name]), name)
    except ModuleNotFoundError as error:
        if error.name == "torch":
            raise ImportError(f"{module}.{name} {NEEDS_TORCH}") from None
        raise
