"""Cells stand where their amplitude and period are."""

import numpy as np
import pandas as pd

from dynstudy.pictures.cell_grid import CellGrid

CELLS = pd.DataFrame({"amplitude": [30.0, 3.0, 30.0], "period": [10, 20, 20]})


def test_values_stand_where_their_cells_are() -> None:
    cell_grid = CellGrid.of(CELLS)
    assert cell_grid.amplitude.values.tolist() == [3, 30]
    assert cell_grid.period.values.tolist() == [10, 20]
    assert cell_grid.positions == [(0, 1), (1, 0), (1, 1)]
    np.testing.assert_array_equal(cell_grid.grid([1.0, 2.0, 3.0]), [[np.nan, 1], [2, 3]])
    assert cell_grid.grid(["a", "b", "c"], "", object).tolist() == [["", "a"], ["b", "c"]]


def test_strokes_part_what_is_inside_from_what_is_not() -> None:
    cell_grid = CellGrid.of(CELLS)
    inside = cell_grid.grid([True, True, True], False, bool)  # all but the corner of 3 and 10
    upright, level = cell_grid.strokes(inside)
    x, y = cell_grid.amplitude.borders, cell_grid.period.borders
    assert upright.tolist() == [[x[1], y[0]], [x[1], y[1]]]
    assert level.tolist() == [[x[0], y[1]], [x[1], y[1]]]
    assert not len(cell_grid.strokes(np.ones((2, 2), bool)))


def test_of_many_values_few_are_labelled() -> None:
    amplitudes = np.geomspace(1, 5000, 25)
    axis = CellGrid.of(pd.DataFrame({"amplitude": amplitudes, "period": 10})).amplitude
    values, labels = axis.ticks
    assert len(values) == len(labels) == 9
    assert (labels[0], labels[-1]) == ("1", "5000")
