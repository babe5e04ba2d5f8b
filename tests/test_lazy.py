"""Names that are loaded when they are first used."""

import sys

import pytest

from dynstudy.lazy import loaded
from dynstudy.task.schedule import oscillations

HOMES = {"oscillations": "dynstudy.task.schedule", "lost": "dynstudy.nowhere"}


def test_a_name_is_what_its_home_has() -> None:
    assert loaded("dynstudy", HOMES, "oscillations") is oscillations
    with pytest.raises(AttributeError, match=r"^module 'dynstudy' has no attribute 'others'$"):
        loaded("dynstudy", HOMES, "others")


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'dynstudy\.nowhere'"):
        loaded("dynstudy", HOMES, "lost")
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "dynstudy.train.backends.autograd", raising=False)
    homes = {"advance": "dynstudy.train.backends.autograd"}
    with pytest.raises(ImportError, match=r"^dynstudy\.x\.advance needs PyTorch: pip install"):
        loaded("dynstudy.x", homes, "advance")
