"""For tests of what would compile, on machines without a compiler and in no time."""

import pytest

from dynstudy.train.backends import _autograd_compiled


def uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it were known already that there is no compiler."""
    without = _autograd_compiled.Compiler(works=False)
    monkeypatch.setattr(_autograd_compiled, "_compiler", without)
