"""Comparisons, laws and curves as a person takes them away."""

import csv
from pathlib import Path

import pandas as pd
import pytest

from dynstudy.analysis.comparison import side_by_side
from dynstudy.report.across_studies import short_comparison, write_comparison, write_scaling
from dynstudy.store.studies import Storage
from tests.analysis.planted_onsets import PERIODS, three_panels
from tests.planted import SpecMaker, plant
from tests.png import title_of


@pytest.mark.parametrize("shape", ["maps", "widths"])
def test_files_of_a_comparison_hold_what_is_printed(
    shape: str, storage: Storage, make_spec: SpecMaker, tmp_path: Path
) -> None:
    one = {"learning_rate": 1.0, "amplitude": 3, "period": 10, "width": [5, 9]}
    changes = {"space": one} if shape == "widths" else {}
    plant(storage, make_spec(name="a$b", loss=["dmse1", "dmse2"], replicates=6, **changes))
    compared = side_by_side(storage, ["a$b"])
    picture, *tables = write_comparison(compared, tmp_path)
    assert title_of(picture) == "comparison"
    for path, rows in zip(tables, (compared.summary, compared.cells), strict=True):
        with path.open() as file:
            read = list(csv.DictReader(file))
        assert list(read[0]) == list(rows[0])
        assert [row["gain"] for row in read] == [str(row["gain"]) for row in rows]
    assert {row["study, loss"] for row in short_comparison(compared)} == {
        "a$b, dmse1",
        "a$b, dmse2",
    }


def test_a_short_row_has_the_numbers_of_the_whole_one(
    storage: Storage, make_spec: SpecMaker
) -> None:
    plant(storage, make_spec(loss=["dmse1", "dmse2"], replicates=6))
    compared = side_by_side(storage, ["small"])
    assert len(compared.summary) == 2
    for row, short in zip(compared.summary, short_comparison(compared), strict=True):
        assert short["useful"] == f"{row['useful']} of {row['cells']}"
        gain = f"{row['gain']:+.3f} [{row['gain_low']:+.3f}, {row['gain_high']:+.3f}]"
        assert short["gain there"] == gain
        assert short["at"] == f"A = {row['best_amplitude']:g}, T = {row['best_period']}"


def test_without_replicates_to_compare_a_field_is_empty_or_has_no_interval(
    storage: Storage, make_spec: SpecMaker, tmp_path: Path
) -> None:
    storage.open_study(make_spec(name="empty", loss=["dmse1", "dmse2"]))
    empty = side_by_side(storage, ["empty"])
    assert short_comparison(empty) == []
    assert [path.name for path in write_comparison(empty, tmp_path)] == ["compare.png"]
    plant(storage, make_spec(loss=["dmse1", "dmse2"], replicates=1))
    first, second = short_comparison(side_by_side(storage, ["small"]))
    assert first["difference"] == ""  # to itself
    assert second["difference"].startswith(("+", "-"))
    assert "[" not in second["difference"]
    assert first["best useful"] == first["at"] == ""


def test_files_of_a_scaling(tmp_path: Path) -> None:
    written = write_scaling([three_panels()], 0.4, tmp_path / "new")
    assert [path.name for path in written] == [
        "scaling-onsets.png", "scaling-collapse.png", "scaling.csv", "scaling-onsets.csv"
    ]  # fmt: skip
    assert [title_of(path) for path in written[:2]] == ["scaling", "scaling"]
    table = pd.read_csv(written[3])
    assert len(table) == 3 * len(PERIODS)
    below = table[table.amplitude_low.isna()]
    assert set(below.width) == {50}
    assert (below.amplitude_high == 10).all()
    assert len(pd.read_csv(written[2])) == 8
