"""A file as a kind of data: its paths."""

from pathlib import Path

import pytest

from dynstudy.protocol import Protocol
from dynstudy.task.data.files import FileData
from tests.task.data.tables_made import table, written


def test_paths_begin_in_the_study_file_s_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = written(tmp_path)["csv"] | {"validation": "points.npz"}
    data = Protocol.model_validate({"data": values}, context={"folder": tmp_path}).data
    assert isinstance(data, FileData)
    assert data.file == str(tmp_path / "points.csv")
    assert data.validation == str(tmp_path / "points.npz")
    assert data.source == "points.csv and points.npz"
    monkeypatch.chdir(tmp_path)
    assert Protocol.model_validate({"data": values}).data == data
    monkeypatch.chdir(tmp_path.parent)
    relative = Protocol.model_validate({"data": values}, context={"folder": Path(tmp_path.name)})
    assert relative.data.file == data.file  # type: ignore[union-attr]


def test_each_of_two_files_is_looked_for_in_a_folder(tmp_path: Path) -> None:
    values = written(tmp_path)["csv"] | {"validation": "points.parquet"}
    data = Protocol.model_validate({"data": values}, context={"folder": tmp_path}).data
    assert isinstance(data, FileData)
    there = tmp_path / "there"
    there.mkdir()
    (tmp_path / "points.parquet").rename(there / "points.parquet")
    moved = data.beside(there)
    assert moved.file == data.file
    assert moved.validation == str(there / "points.parquet")
    moved.check_there()


def test_a_second_file_of_other_columns(tmp_path: Path) -> None:
    values = written(tmp_path)["csv"] | {"validation": "other.csv"}
    table().rename(columns={"v": "z"}).to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(ValueError, match=r"other.csv: has no column 'v' to validate on"):
        Protocol.model_validate({"data": values}, context={"folder": tmp_path})
