"""Points and classes from whatever holds them, and what is refused."""

import hashlib
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dynstudy.task.data import labelled as module
from dynstudy.task.data.labelled import labelled, labelled_alike

X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])


def test_points_stand_by_class_in_the_order_in_which_they_came() -> None:
    points = labelled(X, ["b", "a", "b", "a"])
    assert points.names == ("a", "b")
    assert points.y.tolist() == [0, 0, 1, 1]
    np.testing.assert_array_equal(points.x, X[[1, 3, 0, 2]])
    assert points.points.tolist() == [2, 2]


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ([10, 9, 10, 9], ("9", "10")),
        ([10.0, 9.0, 10.0, 9.0], ("9", "10")),
        (np.array([10, 9, 10, 9], np.uint8), ("9", "10")),
        ([True, False, True, False], ("False", "True")),
        (["x", "None", "x", "None"], ("None", "x")),
        ([b"x", b"a", b"x", b"a"], ("a", "x")),
        (np.array(["x", "a", "x", "a"], object), ("a", "x")),
        (pd.Series(["x", "a", "x", "a"], dtype="category"), ("a", "x")),
        (pd.Series([10, 9, 10, 9], dtype="Int64"), ("9", "10")),
        (np.array([10, 9, 10, 9], object), ("9", "10")),
    ],
)
def test_classes_are_sorted_and_counted_from_0(labels: Any, names: tuple[str, ...]) -> None:
    points = labelled(X, labels)
    assert points.names == names
    np.testing.assert_array_equal(points.x, X[[1, 3, 0, 2]])


def test_the_digest_is_of_shape_points_and_counted_classes_alone() -> None:
    first = labelled(X, [0, 0, 1, 1])
    whole = hashlib.sha256(b"points (4, 2)" + X.astype("<f8").tobytes())
    whole.update(np.array([0, 0, 1, 1], "<i8").tobytes())
    assert first.sha256 == whole.hexdigest()
    for x, labels in (
        (X.astype(">f8"), ["a", "a", "b", "b"]),
        (np.asfortranarray(X), [3, 3, 7, 7]),
        (X.astype(np.int8), [0, 0, 1, 1]),
        (X.astype(object), [0, 0, 1, 1]),
        ([[Decimal("1"), 2], [3, 4], [5, 6], [7, 8]], [0, 0, 1, 1]),
        (pd.DataFrame(X, columns=["u", "v"]), [0, 0, 1, 1]),
        (pd.DataFrame(X).astype("Int64"), [0, 0, 1, 1]),
        (X.reshape(4, 1, 2), [0, 0, 1, 1]),
        (X[[2, 0, 1, 3]], [1, 0, 0, 1]),
    ):
        assert labelled(x, labels).sha256 == first.sha256
    assert labelled(X[::-1], [1, 1, 0, 0]).sha256 != first.sha256
    assert labelled(X, [0, 1, 1, 1]).sha256 != first.sha256
    assert labelled(X.reshape(2, 4), [0, 1]).sha256 != first.sha256
    assert labelled(np.nextafter(X, 9), [0, 0, 1, 1]).sha256 != first.sha256


Y = [0, 0, 1, 1]


def with_a(value: Any) -> Any:
    """The points, one number another."""
    return [[1.0, 2.0], [3.0, 4.0], [5.0, value], [7.0, 8.0]]


@pytest.mark.parametrize(
    ("x", "labels", "said"),
    [
        (with_a(np.nan), Y, r"has no number \(nan\) in row 3, column 2; fill it in"),
        (with_a(None), Y, r"has no number \(nan\) in row 3, column 2"),
        (pd.DataFrame(with_a(None), columns=["u", "v"]), Y, "in row 3, column 'v'"),
        (pd.DataFrame(with_a(pd.NA), columns=["u", "v"]), Y, "in row 3, column 'v'"),
        (with_a(-np.inf), Y, "has -inf in row 3, column 2, which is beyond what float32"),
        (with_a(1e39), Y, r"has 1e\+39 in row 3, column 2, which is beyond"),
        (np.array(with_a(10**400), object), Y, "has inf in row 3, column 2"),
        (with_a("red"), Y, r"has '1.0' in row 1, column 1, and features are numbers"),
        (pd.DataFrame(with_a("red"), columns=["u", "v"]), Y, "has 'red' in row 3, column 'v'"),
        (with_a(1j), Y, r"has '\(1\+0j\)' in row 1, column 1, and features are numbers"),
        (np.array(with_a(1j), object), Y, "has '1j' in row 3, column 2"),
        (X.astype("datetime64[s]"), Y, "in row 1, column 1, and features are numbers"),
        ([1.0, 2.0, 3.0, 4.0], Y, r"has points of shape \(4,\), and needs \(points, features\)"),
        (np.empty((0, 2)), [], "has no points"),
        (np.empty((4, 0)), Y, "has points without features"),
        ([[1], [2, 3]], [0, 1], "has no array of the points: "),
        (np.ma.masked_equal(X, 3.0), Y, "has masked numbers among the points"),
        (X, [0, 0, 1], "has 4 points and the classes of 3"),
        (X, [0, 0, 0, 0], "has points of one class, '0', and needs two classes at least"),
        (X, [0, 0, 1, 0.5], "has the class 0.5 in row 4: classes are text or whole numbers"),
        (X, [0, 0, 1, np.nan], "has no class in row 4"),
        (X, [0, 0, 1, np.inf], "has no class in row 4"),
        (X, ["a", "a", "", "b"], "has no class in row 3"),
        (X, np.array(["a", None, "b", "b"], object), "has no class in row 2"),
        (X, np.array(["a", np.nan, "b", "b"], object), "has no class in row 2"),
        (X, pd.Series([0, pd.NA, 1, 1], dtype="Int64"), "has no class in row 2"),
        (X, np.array(["a", 1, "b", "b"], object), "has classes of the types int, str; all must"),
        (X, np.array([(), 1, 2, 2], object), "has classes of the types int, tuple; all must"),
        (X, np.eye(4, 2), r"has classes of shape \(4, 2\), and needs one .* not a column for each"),
        (X, 3, r"has classes of shape \(\), and needs one for each point"),
        (X, [1j, 1, 2, 2], "has classes of the type complex128"),
        (
            np.zeros((1001, 1)),
            np.arange(1001),
            r"has 1,001 classes \(0, 1, …\), and may have 1,000",
        ),
    ],
)
def test_what_nothing_can_be_trained_on_is_one_line(x: Any, labels: Any, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}|^has .*{said}") as raised:
        labelled(x, labels)
    assert "\n" not in str(raised.value)


def test_points_that_do_not_fit_are_refused_before_they_are_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 63)
    with pytest.raises(ValueError, match="has 8 numbers, which is too many"):
        labelled(X, Y)


def test_other_points_have_the_columns_and_the_classes_of_the_first() -> None:
    first = labelled(pd.DataFrame(X, columns=["u", "v"]), ["a", "a", "b", "b"])
    swapped = pd.DataFrame(X[:, ::-1], columns=["v", "u"])
    other = labelled_alike(first, swapped, ["b", "a", "a", "b"])
    np.testing.assert_array_equal(other.x, X[[1, 2, 0, 3]])
    assert other.y.tolist() == [0, 0, 1, 1]
    plain = labelled_alike(labelled(X, [1, 1, 2, 2]), X, ["2", "1", "2", "1"])
    assert plain.y.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("x", "labels", "said"),
    [
        (pd.DataFrame(X, columns=["u", "w"]), "aabb", "has no column 'v' to validate on"),
        (pd.DataFrame(X, columns=["u", "v"]).assign(w=1), "aabb", "has a column 'w' to validate"),
        (X, "aabc", "has the class 'c', which no training point has"),
        (X, "aaaa", "has no point of the class 'b', which training points have"),
        (X[:, :1], "aabb", "has 1 features to validate on, and 2 to train on"),
        (X.reshape(2, 4), "ab", "has 4 features to validate on, and 2 to train on"),
    ],
)
def test_points_that_are_not_alike(x: Any, labels: str, said: str) -> None:
    first = labelled(pd.DataFrame(X, columns=["u", "v"]), ["a", "a", "b", "b"])
    with pytest.raises(ValueError, match=f"^{said}"):
        labelled_alike(first, x, list(labels))
