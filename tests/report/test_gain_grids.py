"""Grids of gains, over whichever two axes."""

import pandas as pd
from rich.text import Text

from dynstudy.report.gain_grids import gain_cell, grids, headline
from tests.pictures.made_up_atlas import of_atlas

CELLS = pd.DataFrame({
    "learning_rate": [0.1, 1.0, 0.1, 1.0],
    "width": [5, 5, 1234, 1234],
    "amplitude": 30.0,
    "period": 100,
    "gain": [0.1, 0.2, 0.3, -0.4],
})


def test_the_second_axis_runs_upwards_and_labels_are_short() -> None:
    (grid,) = grids(CELLS, 80, lambda row: Text(f"{row.gain}"), ("learning_rate", "width"), 3)
    assert [column.header for column in grid.columns] == ["width \\ η", "0.1", "1"]
    lines = list(zip(*(column.cells for column in grid.columns), strict=True))
    assert [tuple(map(str, line)) for line in lines] == [
        ("1230", "0.3", "-0.4"),
        ("5", "0.1", "0.2"),
    ]
    assert len(list(grids(CELLS, 20, lambda row: Text(f"{row.gain}"), ("learning_rate", "width"))))


def test_a_cell_is_its_gain_and_its_sign() -> None:
    row = next(of_atlas().frame.assign(regime="useful", gain=0.25, forgets=True).itertuples())
    assert gain_cell(row).plain == "+0.250 +F"
    missing = next(of_atlas().frame.assign(regime="missing").itertuples())
    assert gain_cell(missing).plain == "missing"


def test_the_largest_gain_is_said_to_be_where_it_is_on_the_axes() -> None:
    tiles = of_atlas().frame
    best = tiles.loc[tiles.gain.idxmax()]
    assert f"at A = {best.amplitude:g}, T = {best.period}" in headline(tiles)
    assert f"at η = {best.learning_rate:.3g}, width = {best.width}" in headline(
        tiles, ("learning_rate", "width")
    )
