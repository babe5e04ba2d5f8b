"""The public module of the losses."""

import re
import sys
from pathlib import Path

import pytest

import dynstudy
from dynstudy import losses
from tests.command import python
from tests.conftest import ROOT
from tests.pages import typed

PAGE = (ROOT / "docs" / "losses.md").read_text(encoding="utf-8")


def test_its_names_are_those_of_the_package() -> None:
    assert dir(losses) == sorted(losses.__all__)
    assert dynstudy.losses is losses
    for name in losses.__all__:
        assert getattr(losses, name) is getattr(dynstudy, name)
        assert getattr(losses, name).__name__ == name
    with pytest.raises(AttributeError, match=r"module 'dynstudy\.losses' has no attribute 'mse'"):
        _ = losses.mse


def test_pytorch_is_loaded_when_one_is_used() -> None:
    code = (
        "import sys, dynstudy\n"
        "import dynstudy.losses\n"
        "assert 'torch' not in sys.modules\n"
        "from dynstudy.losses import Schedule\n"
        "assert 'torch' in sys.modules\n"
    )
    python(ROOT, "-c", code)


def test_without_pytorch_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in ("modules", "schedule_module", "targets"):
        monkeypatch.delitem(sys.modules, f"dynstudy.task.losses.{name}", raising=False)
    for name in losses.__all__:
        with pytest.raises(ImportError, match=rf"^dynstudy\.losses\.{name} needs PyTorch: pip"):
            getattr(losses, name)


def test_the_page_prints_what_it_shows(tmp_path: Path) -> None:
    """Accuracies nearly so, on another processor."""
    accuracy = r"(?<=: )0\.\d\d"
    now = typed(PAGE, tmp_path)
    assert re.sub(accuracy, "", now) == re.sub(accuracy, "", PAGE)
    shown, printed = (re.findall(accuracy, text) for text in (PAGE, now))
    assert len(shown) == 4
    assert [float(each) for each in printed] == pytest.approx([*map(float, shown)], abs=0.15)
