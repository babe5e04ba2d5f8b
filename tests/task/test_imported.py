"""What a study file names in Python."""

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dynstudy.task.imported import file_in, importable, imported, said


@pytest.fixture(autouse=True)
def _no_modules_left() -> Iterator[None]:
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in {"mine_alone", "mine_whole", "mine_loaded"}:
            del sys.modules[name]


def test_a_module_of_the_folder_or_an_installed_one(tmp_path: Path) -> None:
    (tmp_path / "mine_alone.py").write_text("def f():\n    return 3\n", encoding="utf-8")
    path = list(sys.path)
    assert imported("mine_alone:f", tmp_path)() == 3
    assert imported("numpy.linalg:norm", tmp_path) is np.linalg.norm
    assert sys.path == path


def test_each_folder_has_its_module_and_a_changed_one_is_read_again(tmp_path: Path) -> None:
    for number, folder in enumerate((tmp_path / "a", tmp_path / "b")):
        package = folder / "mine_whole"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "part.py").write_text(f"value = {number}\n", encoding="utf-8")
        assert imported("mine_whole.part:value", folder) == number
    assert imported("mine_whole.part:value", tmp_path / "a") == 0
    part = tmp_path / "a" / "mine_whole" / "part.py"
    part.write_text("value = 22\n", encoding="utf-8")
    os.utime(part, ns=(1, 1))
    assert imported("mine_whole.part:value", tmp_path / "a") == 22
    again = sys.modules["mine_whole.part"]
    imported("mine_whole.part:value", tmp_path / "a")
    assert sys.modules["mine_whole.part"] is again  # nothing changed


def test_what_is_loaded_from_there_already_is_not_loaded_twice(tmp_path: Path) -> None:
    (tmp_path / "mine_loaded.py").write_text("class C:\n    pass\n", encoding="utf-8")
    with importable(tmp_path):
        loaded = importlib.import_module("mine_loaded")  # as a notebook does
    assert imported("mine_loaded:C", tmp_path) is loaded.C


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("mine_alone", "must be 'package.module:name'"),
        ("mine_alone:", "must be 'package.module:name'"),
        (":f", "must be 'package.module:name'"),
        ("mine_alone:g", r"mine_alone has no g; did you mean 'gg'\?"),
        ("mine_gone:f", "the module mine_gone is not in .*, nor installed"),
        ("mine_alone.part:f", "the module mine_alone.part is not in .*, nor installed|fails: "),
        ("mine_whole:f", "the module mine_whole fails: ModuleNotFoundError: No module named 'xyz'"),
        ("..:f", "the module .. fails: "),
    ],
)
def test_what_is_not_there_is_one_line(reference: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "mine_alone.py").write_text("gg = 3\n", encoding="utf-8")
    (tmp_path / "mine_whole.py").write_text("import xyz\n", encoding="utf-8")
    with pytest.raises(ValueError, match=f"^'{reference}': ({reason})") as raised:
        imported(reference, tmp_path)
    assert "\n" not in str(raised.value)


def test_where_a_module_stands(tmp_path: Path) -> None:
    package = tmp_path / "a" / "b"
    package.mkdir(parents=True)
    assert file_in("a.b:f", tmp_path) is None
    (package / "__init__.py").touch()
    assert file_in("a.b:f", tmp_path) == package / "__init__.py"
    (tmp_path / "c.py").touch()
    assert file_in("c:f", tmp_path) == tmp_path / "c.py"


def test_a_folder_is_looked_into_as_long_as_it_is_asked_for(tmp_path: Path) -> None:
    with importable(tmp_path):
        assert sys.path[0] == str(tmp_path)
    assert str(tmp_path) not in sys.path


def test_an_error_is_one_line() -> None:
    assert said(ValueError("a\nb")) == "ValueError: a b"
    assert said(KeyError()) == "KeyError"
