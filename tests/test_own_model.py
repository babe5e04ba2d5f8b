"""The page on a model of one's own: what it tells its reader to type works, and prints as shown."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import dynstudy
from tests.conftest import ROOT
from tests.pages import typed

PAGE = (ROOT / "docs" / "own-model.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _no_module_left() -> Iterator[None]:
    yield
    sys.modules.pop("digitnet", None)


def test_what_is_typed_prints_what_is_shown(tmp_path: Path) -> None:
    now = typed(PAGE, tmp_path)
    without_numbers = [re.sub(r"[\d.]+ ?[+?-]?", "", page) for page in (PAGE, now)]
    assert without_numbers[0].split() == without_numbers[1].split()
    assert "6 networks in 3 cells" in now
    cells = dynstudy.open(tmp_path / "storage" / "dynstudy.db")["filters"].map()
    assert len(cells) == 3
    assert (cells.val_accuracy > 0.5).all()  # of ten classes
