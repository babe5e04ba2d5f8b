"""What several commands read in the same way."""

import sys
from pathlib import Path

import pytest

from dynstudy.cli import options
from dynstudy.cli.options import backend_names, numbers
from dynstudy.errors import DynstudyError
from dynstudy.train.backends import BACKENDS


def test_backends_are_the_modules_of_their_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert backend_names() == [*BACKENDS]
    for name in ("planted.py", "_private.py"):
        (tmp_path / name).write_text("raise AssertionError('nobody asked for it yet')")
    monkeypatch.setattr(options, "BACKENDS", str(tmp_path))
    assert backend_names() == ["planted"]
    assert "planted" not in sys.modules


@pytest.mark.parametrize("text", ["", ",", "a,b", "20,1.5", "20;30"])
def test_whole_numbers_are_whole(text: str) -> None:
    with pytest.raises(DynstudyError, match=r"--widths .*: must be whole numbers .* as in 20,100"):
        numbers("--widths", text, int, "20,100")


def test_numbers_come_once_each_in_their_order() -> None:
    assert numbers("--gain", "0.5, 1,0.50", float, "0.05") == (0.5, 1.0)
    with pytest.raises(DynstudyError, match="--gain 'x': must be numbers with commas between"):
        numbers("--gain", "x", float, "0.05")
