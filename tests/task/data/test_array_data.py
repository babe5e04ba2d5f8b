"""Points that are read: one key whatever they are read from, splits, and what is kept of them."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dynstudy.errors import SpecError
from dynstudy.protocol import Protocol
from dynstudy.task.data.array_data import ArrayData
from dynstudy.task.data.labelled import labelled
from dynstudy.task.data.split import split, standardised
from tests.task.data.tables_made import COUNTS, NAMES, table, written


def read(values: dict[str, Any], folder: Path) -> Any:
    return Protocol.model_validate({"data": values}, context={"folder": folder}).data


def test_a_data_set_has_one_content_whatever_it_is_read_from(tmp_path: Path) -> None:
    forms = written(tmp_path)
    datas = [read(values, tmp_path) for values in forms.values()]
    first = datas[0].content()
    points = labelled(table()[["u", "v", "w"]], table()["kind"])
    assert first == {
        "kind": "recorded",
        "standardise": True,
        "validation": 0.3,
        "train_seed": 0,
        "read": {"sha256": points.sha256, "features": 3, "points": [*COUNTS]},
    }
    for data in datas:
        assert data.content() == first
        assert data == datas[0]
        assert hash(data) == hash(datas[0])
        assert data.class_names == NAMES
    assert "points." not in json.dumps(first)


@pytest.mark.parametrize("change", [{"validation": 0.4}, {"train_seed": 1}, {"standardise": False}])
def test_what_changes_the_networks_changes_the_content(
    change: dict[str, Any], tmp_path: Path
) -> None:
    values = written(tmp_path)["csv"]
    assert read(values | change, tmp_path).content() != read(values, tmp_path).content()
    same = {"validation": 0.3, "train_seed": 0, "standardise": True}
    assert read(values | same, tmp_path).content() == read(values, tmp_path).content()
    shuffled = table().sample(frac=1, random_state=0)
    before = read(values, tmp_path)
    assert read(written(tmp_path, shuffled)["csv"], tmp_path) != before


def test_the_split_of_a_seed_and_of_each_network(tmp_path: Path) -> None:
    values = written(tmp_path)["csv"] | {"validation": 0.25}
    whole = labelled(table()[["u", "v", "w"]], table()["kind"])
    one = read(values | {"train_seed": 6}, tmp_path)
    each = read(values | {"train_seed": "replicate"}, tmp_path)
    assert one.validation_points.tolist() == each.validation_points.tolist() == [1, 2, 3]
    assert one.training_points.tolist() == [4, 6, 8]
    assert (one.features, one.classes, one.balanced) == (3, 3, False)
    points = one.points([1, 2])
    train, validation = split(whole.y, one.validation_points, 6)
    x, validation_x = standardised(whole.x[train], whole.x[validation])
    np.testing.assert_array_equal(points.x, x[None])
    np.testing.assert_array_equal(points.validation_x, validation_x)
    assert np.bincount(points.y).tolist() == [4, 6, 8]
    assert np.bincount(points.validation_y).tolist() == [1, 2, 3]
    many = each.points([9, 6, 9])
    assert (many.x.shape, many.validation_x.shape) == ((2, 18, 3), (2, 6, 3))
    np.testing.assert_array_equal(many.x[0], x)
    np.testing.assert_array_equal(many.validation_x[0], validation_x)
    assert not np.array_equal(many.x[1], x)
    assert (one.each_drawn, one.validation_varies) == (False, False)
    assert (each.each_drawn, each.validation_varies) == (True, True)
    plain = read(values | {"train_seed": 6, "standardise": False}, tmp_path)
    np.testing.assert_array_equal(plain.points([0]).x[0], whole.x[train])


def test_points_of_a_second_file_validate(tmp_path: Path) -> None:
    frame = table()
    values = written(tmp_path)["csv"]
    frame.iloc[::-1, [3, 2, 0, 1]].to_parquet(tmp_path / "other.parquet")
    data = read(values | {"validation": "other.parquet"}, tmp_path)
    assert data.training_points.tolist() == data.validation_points.tolist() == [*COUNTS]
    points = data.points([0, 5])
    first = labelled(frame[["u", "v", "w"]], frame["kind"])
    other = labelled(frame[["u", "v", "w"]][::-1], frame["kind"][::-1])
    expected = standardised(first.x, other.x)
    np.testing.assert_array_equal(points.x[0], expected[0])
    np.testing.assert_array_equal(points.validation_x, expected[1])
    assert data.validation_seed is None
    assert data.fresh(10) is data
    content = data.content()
    assert content["read"]["validation_sha256"] == other.sha256
    assert not {"validation", "train_seed"} & content.keys()
    for change in ({"train_seed": 3}, {"train_seed": "replicate"}):
        with pytest.raises(ValueError, match=r"protocol.data.train_seed: draws which points"):
            read(values | {"validation": "other.parquet"} | change, tmp_path)


def test_what_was_read_is_kept_and_nothing_is_read_again(tmp_path: Path) -> None:
    for form, values in written(tmp_path).items():
        data = read(values, tmp_path)
        kept = json.loads(json.dumps(data.model_dump(mode="json", exclude_none=True)))
        for file in tmp_path.iterdir():
            if file.is_file():
                file.rename(file.with_name(f"_{file.name}"))
        again = read(kept, Path("/nowhere"))
        recorded = read(json.loads(json.dumps(data.content())), Path("/nowhere"))
        assert again == data == recorded
        assert again.class_names == NAMES
        assert again.training_points.tolist() == recorded.training_points.tolist()
        way_out = "put it back as it was .* or rename the study"
        for there in (again, recorded):
            with pytest.raises(SpecError, match=way_out) as raised:
                there.points([0])
            assert "\n" not in str(raised.value)
            with pytest.raises(SpecError, match=way_out):
                there.check_there()
        for file in tmp_path.glob("_*"):
            if file.is_file():
                file.rename(file.with_name(file.name[1:]))
        np.testing.assert_array_equal(again.points([0]).x, data.points([0]).x, form)


def test_points_that_have_changed_are_not_trained_on(tmp_path: Path) -> None:
    forms = written(tmp_path)
    before = {form: read(values, tmp_path) for form, values in forms.items()}
    frame = table()
    frame.loc[3, "v"] += 1e-12
    written(tmp_path, frame)
    (tmp_path / "points_of_mine.py").touch()
    for form, data in before.items():
        with pytest.raises(SpecError, match="has changed since the study was made; put it back"):
            data.points([0])
        assert read(forms[form], tmp_path) != data


def test_it_is_looked_for_in_a_folder_once_it_is_gone_from_where_it_was(tmp_path: Path) -> None:
    for form, values in written(tmp_path).items():
        data = read(values, tmp_path)
        assert data.beside(tmp_path / form) == data
        there = tmp_path / form
        there.mkdir()
        for file in [file for file in tmp_path.iterdir() if file.is_file()]:
            file.rename(there / file.name)
        assert data.beside(tmp_path).model_dump() == data.model_dump()
        np.testing.assert_array_equal(
            data.beside(there).points([0]).x, read(values, there).points([0]).x
        )
        for file in there.iterdir():
            if file.is_file():
                file.rename(tmp_path / file.name)


def test_it_is_taken_along_to_where_nothing_of_it_is(tmp_path: Path) -> None:
    for values in written(tmp_path).values():
        data = read(values | {"train_seed": "replicate"}, tmp_path)
        expected = data.points([3, 4])
        packed = pickle.dumps(data.taken_along())
        moved = pickle.loads(packed).model_copy(update={"file": "/nowhere/points.csv"})
        for mine, original in zip(moved.points([3, 4]), expected, strict=True):
            np.testing.assert_array_equal(mine, original)
        assert moved.content() == data.content()


def test_a_fresh_split_is_of_the_same_points(tmp_path: Path) -> None:
    values = written(tmp_path)["csv"]
    data = read(values | {"train_seed": 2**32 - 5}, tmp_path)
    fresh = data.fresh(1_000_000)
    assert fresh.validation_seed == fresh.train_seed == 1_000_000 - 5
    assert not np.array_equal(fresh.points([0]).x, data.points([0]).x)
    each = read(values | {"train_seed": "replicate"}, tmp_path)
    assert (each.fresh(1_000_000), each.validation_seed) == (each, None)


def test_what_statements_are_conditional_on(tmp_path: Path) -> None:
    values = written(tmp_path)["csv"]
    assert read(values, tmp_path).condition == "the 24 points of points.csv, split by seed 0"
    each = read(values | {"train_seed": "replicate"}, tmp_path)
    assert each.condition == "the 24 points of points.csv, split anew for each seed"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"validation": 0.0}, "protocol.data.validation = 0.0: must be above 0 and below 1"),
        ({"validation": 1}, "protocol.data.validation = 1.0: must be above 0 and below 1"),
        ({"target": "kinds"}, r"protocol.data: .*points.csv: has no column 'kinds'; did you mean"),
        ({"file": "gone.csv"}, r"protocol.data: .*gone.csv: is not there"),
        ({"validation": "gone.csv"}, r"protocol.data: .*gone.csv: is not there"),
    ],
)
def test_what_cannot_be_read_or_split(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    values = written(tmp_path)["csv"]
    with pytest.raises(ValueError, match=said):
        read(values | change, tmp_path)


def test_a_class_of_one_point_cannot_be_split(tmp_path: Path) -> None:
    frame = table()
    frame.loc[0, "kind"] = "dog"
    values = written(tmp_path, frame)["csv"]
    with pytest.raises(ValueError, match=r"points.csv: has 1 point of the class 'dog', and n"):
        read(values, tmp_path)


def test_it_is_a_kind_of_data(tmp_path: Path) -> None:
    assert isinstance(read(written(tmp_path)["csv"], tmp_path), ArrayData)


def test_classes_have_titles_where_they_have_names(tmp_path: Path) -> None:
    assert read(written(tmp_path)["csv"], tmp_path).titles == NAMES
    numbered = read(written(tmp_path, table().assign(kind=[-1, 2, 3] * 8))["csv"], tmp_path)
    assert numbered.titles == ()
