"""Rows of pixels in their planes, as SQL has them."""

from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select

from dynstudy.store import pixels
from dynstudy.store.keys import digest, plane_content
from dynstudy.store.studies import Storage
from dynstudy.store.tables import PixelRow, PlaneRow
from tests.damage import damage, refusal
from tests.databases import SQLITE_ALONE, both  # noqa: F401
from tests.planted_atlas import small_atlas

CONTENT = plane_content(small_atlas().protocol, "dce")
EVERYWHERE = {"amplitude": (0.0, 1e9), "period": (0, 10**9)}


def row(**columns: Any) -> dict[str, Any]:
    where = {"width": 5, "learning_rate": 1.0, "period": 20, "amplitude": 3.0, "seed": 0}
    rest = {"diverged_at": None, "run_id": None, "val_accuracy": 0.5, "train_accuracy": 0.25}
    return where | rest | columns


def test_what_is_written_is_read(storage: Storage) -> None:
    rows = [row(seed=number, amplitude=2.0 + number / 7, val_accuracy=1 / 3) for number in range(9)]
    rows[4] |= {"diverged_at": 17, "val_accuracy": None}
    rows[4]["val_accuracy"] = 0.1
    with storage.engine.begin() as connection:
        plane = pixels.made_plane(connection, CONTENT)
        pixels.write_pixels(connection, [each | {"plane_id": plane} for each in rows])
    names = ("seed", "amplitude", "val_accuracy", "diverged_at", "lasting")
    with storage.engine.connect() as connection:
        (read,) = pixels.read_pixels(connection, [plane], EVERYWHERE, names)
    by_name = dict(zip(names, read[:, np.argsort(read[0])], strict=True))
    assert by_name["seed"].tolist() == list(range(9))
    assert by_name["amplitude"].tolist() == [2.0 + number / 7 for number in range(9)]
    assert by_name["val_accuracy"].tolist() == [each["val_accuracy"] for each in rows]
    assert by_name["diverged_at"][4] == 17
    assert np.isnan(by_name["diverged_at"]).sum() == 8
    assert np.isnan(by_name["lasting"]).all()


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("val_accuracy", "x", "must be a finite number"),
        ("val_accuracy", b"0.5", "must be a finite number"),
        ("val_accuracy", 1.5, "must be from 0 to 1"),
        ("forgetting", "nan", "must be a finite number"),
        ("forgetting", 1e999, "must be a finite number"),
        ("forgetting", -2, "must be from -1 to 1"),
        ("diverged_at", -1, "must be a whole number, at least 0"),
    ],
)
def test_a_damaged_value_is_named_with_its_row(
    column: str, value: Any, problem: str, storage: Storage
) -> None:
    with storage.engine.begin() as connection:
        plane = pixels.made_plane(connection, CONTENT)
        rows = [row(plane_id=plane, seed=number) for number in range(3)]
        pixels.write_pixels(connection, rows)
    if not damage(storage, f"UPDATE dynstudy_pixel SET {column} = ? WHERE seed = 1", value):
        return
    names = ("seed", column)
    said = refusal(
        storage, lambda connection: list(pixels.read_pixels(connection, [plane], EVERYWHERE, names))
    )
    assert f"period 20, amplitude 3.0, seed 1, {column} = " in said
    assert f"is damaged: {problem}; delete this row" in said


@SQLITE_ALONE  # PostgreSQL makes a whole number of it
def test_a_part_of_a_whole_number_is_damaged(storage: Storage) -> None:
    problem = "must be a whole number, at least 0"
    test_a_damaged_value_is_named_with_its_row("diverged_at", 0.5, problem, storage)


def test_a_part_of_a_plane_is_read(storage: Storage) -> None:
    with storage.engine.begin() as connection:
        plane = pixels.made_plane(connection, CONTENT)
        other = pixels.made_plane(connection, CONTENT | {"dtype": "float64"})
        assert plane != other
        for number in (plane, other):
            rows = [row(plane_id=number, period=p, amplitude=a) for p in (10, 20) for a in (2, 4)]
            pixels.write_pixels(connection, rows)
    bounds = {"amplitude": (4.0, 9.0), "period": (20, 20)}
    with storage.engine.connect() as connection:
        (read,) = pixels.read_pixels(connection, [plane], bounds, ("period", "amplitude"))
    assert read.T.tolist() == [[20, 4]]


def test_what_is_trained_again_is_replaced_and_a_plane_is_made_once(storage: Storage) -> None:
    for accuracy, diverged_at in ((0.25, None), (0.75, 9)):
        with storage.engine.begin() as connection:
            plane = pixels.made_plane(connection, CONTENT)
            again = row(plane_id=plane, val_accuracy=accuracy, diverged_at=diverged_at)
            pixels.write_pixels(connection, [again])
    with storage.engine.connect() as connection:
        columns = PixelRow.val_accuracy, PixelRow.diverged_at
        assert connection.execute(select(*columns)).all() == [(0.75, 9)]
        assert connection.execute(select(func.count()).select_from(PlaneRow)).scalar_one() == 1
        assert pixels.plane_of(connection, CONTENT) == plane
        assert pixels.plane_of(connection, CONTENT | {"steps": 7}) is None


def test_a_plane_is_all_that_its_networks_share() -> None:
    assert CONTENT["tail"] == 50
    assert not {"width", "learning_rate", "amplitude", "period", "seed"} & CONTENT.keys()
    protocol = small_atlas().protocol
    for change in ({"steps": 300}, {"tail": "period"}, {"dtype": "float64"}, {"schedule": "sine"}):
        assert digest(plane_content(protocol.model_copy(update=change), "dce")) != digest(CONTENT)
    assert digest(plane_content(protocol, "dmse1")) != digest(CONTENT)
