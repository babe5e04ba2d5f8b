"""Parameters that networks start from, out of a file: what is read, and what is refused."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dynstudy.errors import SpecError
from dynstudy.task.initial import Initial
from dynstudy.task.network import Network

ARRAYS = Network().draw(seed=3, width=5, classes=3, features=2)


def written(file: Path, **changes: Any) -> Path:
    """A file of a network of width 5, some arrays replaced, or left out where None."""
    arrays = ARRAYS | {"gamma": np.ones(3)} | changes
    np.savez(file, **{name: array for name, array in arrays.items() if array is not None})
    return file


def test_it_is_what_is_in_the_file_wherever_that_is(tmp_path: Path) -> None:
    first = Initial.read(written(tmp_path / "a.npz"), 3, "float32")
    assert (first.width, first.file) == (5, str(tmp_path / "a.npz"))
    for array, drawn in zip(first.arrays(3, "float64"), ARRAYS.values(), strict=True):
        np.testing.assert_array_equal(array, drawn)
    second = Initial.read(written(tmp_path / "b.npz", more=np.ones(2)), 3, "float64")
    assert (second, hash(second)) == (first, hash(first))
    for name, array in ARRAYS.items():
        other = written(tmp_path / "c.npz", **{name: array + 1e-12})
        assert Initial.read(other, 3, "float64") != first


def test_of_all_numbers_those_of_float64_are_what_counts(tmp_path: Path) -> None:
    half = {name: array.astype(np.float32) for name, array in ARRAYS.items()}
    single = Initial.read(written(tmp_path / "a.npz", **half), 3, "float64")
    double = {name: array.astype(">f8", order="F") for name, array in half.items()}
    assert Initial.read(written(tmp_path / "b.npz", **double), 3, "float64") == single


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"b1": None}, "has no array b1; needed are W1, b1, W2, b2"),
        ({"W1": np.ones((3, 5))}, r"has W1 \(3, 5\); for 2 inputs, H units and 3 classes W1 is"),
        ({"W1": np.ones((2, 6))}, r"has W1 \(2, 6\); for"),
        ({"b1": np.ones((5, 1))}, r"has b1 \(5, 1\); for"),
        ({"b1": np.ones(())}, "; for"),
        ({"W2": np.ones((5, 4)), "b2": np.ones(4)}, r"has W2 \(5, 4\); for"),
        ({"W1": np.ones((2, 0)), "b1": np.ones(0), "W2": np.ones((0, 3))}, "; for"),
        ({"b2": np.array([0, np.nan, 0])}, "has nan or infinity in b2"),
        ({"b2": np.array([0, np.inf, 0])}, "has nan or infinity in b2"),
        ({"b2": np.array([0, 1e39, 0])}, "has a number in b2 that is beyond what float32 can hold"),
        ({"b2": np.array(["a", "b", "c"])}, "b2 must be real numbers"),
        ({"b2": np.array([1j, 0, 0])}, "b2 must be real numbers"),
        ({"b2": np.array([None, 0, 0])}, "has a damaged b2: Object arrays cannot be loaded"),
    ],
)
def test_what_no_network_can_start_from(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"^{said}|^has.*{said}") as raised:
        Initial.read(written(tmp_path / "a.npz", **changes), 3, "float32")
    assert "\n" not in str(raised.value)


def _bytes_lost(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        begins = archive.getinfo("W2.npy").header_offset
    contents = bytearray(file.read_bytes())
    contents[begins + 200 : begins + 210] = b"0123456789"
    file.write_bytes(contents)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda file: file.unlink(), "is not there"),
        (lambda file: (file.unlink(), file.mkdir()), "is no file"),
        (lambda file: file.write_bytes(b"PK"), "is no .npz file of NumPy's"),
        (lambda file: file.write_bytes(b""), "is no .npz file of NumPy's"),
        (lambda file: file.write_bytes(b"\x93NUMPY\x01\x00"), "is no .npz file of NumPy's"),
        (lambda file: file.write_bytes(file.read_bytes()[:700]), "is no .npz file of NumPy's"),
        (_bytes_lost, "cannot be read: Bad CRC-32"),
    ],
)
def test_a_file_that_is_none(spoil: Callable[[Path], object], said: str, tmp_path: Path) -> None:
    file = written(tmp_path / "a.npz")
    before = Initial.read(file, 3, "float32")
    spoil(file)
    with pytest.raises(ValueError, match=f"^{said}"):
        Initial.read(file, 3, "float32")
    with pytest.raises(
        SpecError, match=f"a.npz: networks start from its parameters, and it {said}"
    ):
        before.arrays(3, "float32")


def test_a_file_that_is_another_since(tmp_path: Path) -> None:
    before = Initial.read(written(tmp_path / "a.npz"), 3, "float32")
    written(tmp_path / "a.npz", b2=np.zeros(3))
    with pytest.raises(SpecError, match=r"a.npz: .* have changed since; put it back as it was"):
        before.arrays(3, "float32")


def test_it_is_looked_for_in_a_folder_once_it_is_gone_from_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first = Initial.read(written(tmp_path / "a.npz"), 3, "float32")
    moved = written(tmp_path / "other" / "a.npz")
    assert first.beside(moved.parent).file == str(tmp_path / "a.npz")
    (tmp_path / "a.npz").unlink()
    assert first.beside(moved.parent).file == str(moved)
    moved.unlink()
    assert first.beside(moved.parent).file == str(tmp_path / "a.npz")


@pytest.mark.parametrize(
    "values", [3, [1], {"file": "a.npz"}, {"file": 1, "sha256": "", "width": 5}]
)
def test_what_is_no_file_s_name(values: Any) -> None:
    with pytest.raises(ValueError, match=r"must be the path of an .npz file, in quotes"):
        Initial.written(values)


def test_what_is_written_of_one_by_hand_is_checked_where_it_is_read(tmp_path: Path) -> None:
    """`dynstudy show` prints a study file with a table of it, which somebody may edit."""
    first = Initial.read(written(tmp_path / "a.npz"), 3, "float32")
    values = {"file": first.file, "sha256": first.sha256, "width": first.width}
    assert Initial.written(values) == first
    with pytest.raises(
        SpecError, match=r"a.npz: .* it has W2 \(5, 3\); for 2 inputs, H units and 4"
    ):
        first.arrays(4, "float32")
    with pytest.raises(SpecError, match=r"a.npz: .* have changed since"):
        Initial.written(values | {"width": 4}).arrays(3, "float32")
