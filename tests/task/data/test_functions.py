"""Points that a Python function returns, and functions that do not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dynstudy.protocol import Protocol


def read(function: str, study: Path, **more: Any) -> Any:
    values = {"kind": "python", "function": function, **more}
    return Protocol.model_validate({"data": values}, context={"folder": study}).data


MODULE = """
import numpy as np
import torch
import points_beside

calls = 0
X, Y = np.arange(12.0).reshape(6, 2), ["a", "b"] * 3

def plain():
    global calls
    calls += 1
    return X, Y

def with_validation():
    return X, Y, X[::-1], ["b", "a"] * 3

def tensors():
    return torch.tensor(X), torch.tensor([0, 1] * 3)

def beside():
    import points_later
    return points_beside.X, Y

def number():
    return 3

def one():
    return [X]

def fails():
    raise KeyError("gone\\nfor good")

def broken():
    return X * np.nan, Y

def other_classes():
    return X, Y, X, ["a", "c"] * 3

def leaves():
    raise SystemExit(3)

value = 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "points_made.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "points_beside.py").write_text("X = [[1, 2]] * 5 + [[3, 4]]", encoding="utf-8")
    (tmp_path / "points_later.py").touch()
    return tmp_path


def test_it_is_what_the_function_returns(folder: Path) -> None:
    data = read("points_made:plain", folder)
    assert data.training_points.tolist() == [2, 2]
    assert read("points_made:tensors", folder) == data
    assert read("points_made:beside", folder).features == 2
    validated = read("points_made:with_validation", folder, standardise=False)
    assert validated.training_points.tolist() == validated.validation_points.tolist() == [3, 3]
    points = validated.points([0])
    np.testing.assert_array_equal(points.validation_x, points.x[0][[2, 1, 0, 5, 4, 3]])
    with pytest.raises(ValueError, match=r"protocol.data.validation: draws which points validate"):
        read("points_made:with_validation", folder, validation=0.3)


def test_it_is_called_once(folder: Path) -> None:
    import sys

    data = read("points_made:plain", folder)
    data.points([0])
    data.check_there()
    assert sys.modules["points_made"].calls == 1


def test_the_folder_may_be_another(folder: Path) -> None:
    data = read("points_made:plain", folder.parent, folder=folder.name)
    assert data.folder == str(folder)
    assert data == read("points_made:plain", folder)


def test_an_installed_function_has_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'math:sqrt': raised TypeError"):
        read("math:sqrt", tmp_path)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("points_made:number", r"returned a int; it must return \(x, y\) or"),
        ("points_made:one", r"returned a list of 1; it must return \(x, y\) or"),
        ("points_made:fails", r"raised KeyError: 'gone.nfor good'"),
        ("points_made:leaves", r"raised SystemExit: 3"),
        ("points_made:broken", r"what it returned has no number \(nan\) in row 1, column 1"),
        ("points_made:other_classes", "what it returned has the class 'c', which no training"),
        ("points_made:value", "is no function"),
        ("points_made:plan", r"points_made has no plan; did you mean 'plain'\?"),
        ("points_gone:plain", "the module points_gone is not in"),
        ("points_made", "must be 'package.module:name'"),
    ],
)
def test_what_is_no_function_of_points(function: str, said: str, folder: Path) -> None:
    with pytest.raises(ValueError, match=rf"protocol.data: '{function}': {said}"):
        read(function, folder)
