"""Points out of CSV, Parquet and NPZ files, and what is refused in one line."""

import pickle
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dynstudy.task.data import tables
from dynstudy.task.data.labelled import labelled
from dynstudy.task.data.tables import read_points
from tests.task.data.tables_made import COUNTS, NAMES, table, written

FORMS = ("csv", "parquet", "npz")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_has_the_same_points_to_the_last_bit(form: str, tmp_path: Path) -> None:
    written(tmp_path)
    read = read_points(str(tmp_path / f"points.{form}"), "kind")
    frame = table()
    expected = labelled(frame[["u", "v", "w"]], frame["kind"])
    np.testing.assert_array_equal(read.x, expected.x)
    assert (read.sha256, read.names) == (expected.sha256, NAMES)
    assert read.points.tolist() == [*COUNTS]


def test_a_csv_file_is_read_exactly(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2000, 2)) * 10.0 ** rng.integers(-300, 38, (2000, 2))
    frame = pd.DataFrame(x, columns=["a", "b"]).assign(c=np.arange(2000) % 2)
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert read_points(str(tmp_path / "a.csv"), "c").sha256 == labelled(x, frame["c"]).sha256


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("\ufeffu,c\n1,a\n2,b\n", ("a", "b")),
        ('u, c\n1, "a"\n2, "b"\n', ("a", "b")),
        ("u,c\r\n1,a\r\n\r\n2,b\r\n", ("a", "b")),
        ("c,u\nNA,1\nNone,2\n", ("NA", "None")),
        ("u,c\n1,10\n2,9\n", ("9", "10")),
        ("u,c\n1,10.0\n2,9\n", ("9", "10")),
        ("u,c\nTrue,False\nFalse,True\n", ("False", "True")),
        ("\n \nu,c\n1,a\n2,b\n", ("a", "b")),
        ("u,c\n1,a \n2,b\n3, a\t\n", ("a", "b")),
        ('"a ""u""",c\n1,"x,\ny"\n2,z\n', ("x,\ny", "z")),
    ],
)
def test_what_csv_may_look_like(text: str, names: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "A.CSV"
    path.write_text(text, encoding="utf-8", newline="")
    assert read_points(str(path), "c").names == names


GOOD = "u,v,c\n1,2,a\n3,4,b\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("\n", "has no head"),
        ("u,v,c\n", "has a head and no rows"),
        ("u,v,d\n1,2,a\n", "has no column 'c'; there are 'u', 'v', 'd'"),
        ("u,u,c\n1,2,a\n", "has two columns 'u'; rename or leave out one"),
        ("c\na\nb\n", "has points without features"),
        ("u,v,c\n1,2,a\n,4,b\n", r"has no number \(nan\) in row 2, column 'u'"),
        ("u,v,c\n1,2,a\n3,inf,b\n", r"has inf in row 2, column 'v'"),
        ("u,v,c\n1,2,a\n3,red,b\n", r"has 'red' in row 2, column 'v'.* leave it out"),
        ("u,v,c\n1,2,a\n3,4,\n", "has no class in row 2"),
        ("u,v,c\n1,2,1\n3,4,1.5\n", "has the class 1.5 in row 2"),
        ("u,v,c\n1,2,a\n3,4,a\n", "has points of one class, 'a'"),
        ("u,v,c\n1,2,a\n3,4,b,5\n", "is no table: Expected 3 fields in line 3, saw 4"),
        ("u,v,c\n1,2,a,7\n3,4,b,7\n", "is no table: "),
        ("u,v,c\n1,2,a\n3,b\n", "has 'b' in row 2, column 'v'"),
        ('u,v,c\n1,2,"a\n', "is no table: "),
        ("u;v;c\n1;2;a\n", "has one column alone, 'u;v;c'; columns are to be separated by commas"),
        ("u\tc\n1\ta\n", r"has one column alone, 'u\\tc'; columns are to be separated by commas"),
        ("d\n1\n", "has no column 'c'; there are 'd'"),
        (",u,c\n0,1,a\n1,2,b\n", r"has a column without a name, .*to_csv\(\.\.\., index=False\)"),
        ("u,,c,\n0,1,a,2\n", "has a column without a name"),
    ],
)
def test_a_csv_file_that_is_none(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=f"a.csv: {said}") as raised:
        read_points(str(path), "c")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda file: file.unlink(), "is not there"),
        (lambda file: (file.unlink(), file.mkdir()), "is no file"),
        (lambda file: file.write_bytes(GOOD.encode("utf-16")), "is not text in UTF-8"),
        (lambda file: file.write_bytes(b"u,c\n1,\xff\n"), "is not text in UTF-8"),
        (lambda file: file.write_bytes(b"u,c\n1,\x00\n2,b\n"), ""),
    ],
)
def test_a_file_that_cannot_be_read(
    spoil: Callable[[Path], object], said: str, tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    file.write_text(GOOD, encoding="utf-8")
    spoil(file)
    with pytest.raises(ValueError, match=f"a.csv: {said}"):
        read_points(str(file), "c")


def test_the_nearest_column_is_named(tmp_path: Path) -> None:
    written(tmp_path)
    for form in FORMS:
        with pytest.raises(ValueError, match=rf"points.{form}: has no .* 'kin.*mean 'kind'\?"):
            read_points(str(tmp_path / f"points.{form}"), "kinds")


def test_other_kinds_of_files_are_none_of_ours(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(GOOD, encoding="utf-8")
    with pytest.raises(ValueError, match=r"a.txt: must end in .csv, .parquet or .npz"):
        read_points(str(tmp_path / "a.txt"), "c")
    (tmp_path / "a.csv").write_text(GOOD, encoding="utf-8")
    with pytest.raises(ValueError, match=r"a.csv: has columns, not arrays: leave out array = 'q'"):
        read_points(str(tmp_path / "a.csv"), "c", "q")


def test_a_file_is_read_again_when_it_has_changed_and_only_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(GOOD, encoding="utf-8")
    first = read_points(str(path), "c")
    assert read_points(str(path), "c") is first
    path.write_text(GOOD.replace("1", "11"), encoding="utf-8")
    assert read_points(str(path), "c").x[0, 0] == 11
    monkeypatch.setattr(tables, "MAX_BYTES", 10)
    with pytest.raises(ValueError, match=r"a.csv: has \d+ bytes, which is too large"):
        read_points(str(path), "c")


def test_columns_of_a_parquet_file_that_are_no_features(tmp_path: Path) -> None:
    frame = table()
    plain = labelled(frame[["u", "v", "w"]], frame["kind"]).sha256
    path = tmp_path / "a.parquet"
    shuffled = frame.sample(frac=1, random_state=0)  # its index is stored as a column
    shuffled.to_parquet(path)
    assert read_points(str(path), "kind").sha256 == (
        labelled(shuffled[["u", "v", "w"]], shuffled["kind"]).sha256
    )
    frame.set_index("kind").to_parquet(path)
    assert read_points(str(path), "kind").sha256 == plain
    frame.astype({"kind": "category"}).to_parquet(path)
    assert read_points(str(path), "kind").sha256 == plain
    frame.astype({"u": "float32"}).to_parquet(path)
    assert read_points(str(path), "kind").sha256 != plain


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_bytes(b"PAR1 no more"), "is no Parquet file: "),
        (lambda path: table().iloc[:0].to_parquet(path), "has a head and no rows"),
        (lambda path: table().assign(u=None).to_parquet(path), r"has no number \(nan\) in row 1"),
        (
            lambda path: table().assign(u=pd.Timestamp("2024-01-01")).to_parquet(path),
            "has '2024-01-01.* in row 1, column 'u', and features are numbers",
        ),
    ],
)
def test_a_parquet_file_that_is_none(
    spoil: Callable[[Path], object], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.parquet"
    spoil(path)
    with pytest.raises(ValueError, match=f"a.parquet: {said}"):
        read_points(str(path), "kind")


def test_without_pyarrow_it_is_said_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ValueError, match=r"needs pyarrow .*pip install 'dynstudy\[parquet\]'"):
        read_points(str(tmp_path / "points.parquet"), "kind")


X, Y = np.arange(8.0).reshape(4, 2), np.array([0, 0, 1, 1])


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"y": Y}, "has no array 'x'; there are 'y'"),
        ({"x": X}, "has no array 'y'; there are 'x'"),
        ({"x": X, "y": Y[:3]}, "has 4 points and the classes of 3"),
        ({"x": X[:, 0], "y": Y}, r"has points of shape \(4,\)"),
        ({"x": np.where(X == 3, np.nan, X), "y": Y}, "in row 2, column 2"),
        ({"x": X.astype(object), "y": Y}, "has Python objects in x, which are not unpickled"),
        ({"x": X, "y": Y.astype(object)}, "has Python objects in y, which are not unpickled"),
        ({"x": X.astype(str), "y": Y}, "has '0.0' in row 1, column 1, and features are numbers"),
    ],
)
def test_an_npz_file_that_is_none(arrays: dict[str, Any], said: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=f"a.npz: .*{said}|a.npz: {said}"):
        read_points(str(tmp_path / "a.npz"), "y")


class Loud:
    """Says so when it is unpickled."""

    def __reduce__(self) -> Any:
        return pytest.fail, ("unpickled",)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=X, y=np.array([Loud()] * 4))
    with pytest.raises(ValueError, match="are not unpickled"):
        read_points(str(path), "y")
    path.write_bytes(pickle.dumps(Loud()))
    with pytest.raises(ValueError, match=r"is no .npz file of NumPy's"):
        read_points(str(path), "y")


def test_an_npz_file_that_would_fill_the_memory_or_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.zeros((4, 2000)), y=Y)
    size = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        begins = archive.getinfo("x.npy").header_offset
    contents = bytearray(path.read_bytes())
    monkeypatch.setattr(tables, "MAX_BYTES", size + 1000)
    with pytest.raises(ValueError, match=r"has [\d,]+ bytes in x, which is too large"):
        read_points(str(path), "y")
    monkeypatch.undo()
    contents[begins + 40 : begins + 60] = bytes(20)
    path.write_bytes(contents)
    with pytest.raises(ValueError, match=r"a.npz: (has a damaged x|is damaged|cannot be read)"):
        read_points(str(path), "y")


def test_another_array_may_have_the_points(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", pixels=X.reshape(4, 1, 2), digit=Y)
    read = read_points(str(tmp_path / "a.npz"), "digit", "pixels")
    assert read.sha256 == labelled(X, Y).sha256
