"""Cells on a grid: what amplitude and period say of them, and permuting these."""

import numpy as np
import pytest
from scipy import stats

from dynstudy.analysis.panel_layout import PanelLayout

A, T = np.meshgrid([3.0, 10.0, 30.0], [10.0, 20.0, 40.0, 80.0])
GRID = np.column_stack([A.ravel(), T.ravel()])


def test_on_a_whole_grid_means_of_rows_and_columns_are_taken_off(rng: np.random.Generator) -> None:
    values = rng.random((2, 24))
    left = PanelLayout([GRID, GRID]).ranks_at_equal_a_and_t(values)
    for row, residual in zip(values, left, strict=True):
        for part, of_part in zip(row.reshape(2, 4, 3), residual.reshape(2, 4, 3), strict=True):
            ranks = stats.rankdata(part).reshape(4, 3)
            means = ranks.mean(0) + ranks.mean(1)[:, None] - ranks.mean()
            np.testing.assert_allclose(of_part, ranks - means, atol=1e-9)


def test_a_sum_of_terms_of_a_and_t_leaves_nothing_even_with_holes() -> None:
    layout = PanelLayout([GRID[[0, 1, 2, 4, 5, 6, 9, 11]]])
    ranks = np.arange(1.0, 9)  # of cells that are added up by rows and columns only
    left = layout.ranks_at_equal_a_and_t(ranks)
    amplitude = layout.ranks_at_equal_a_and_t(GRID[[0, 1, 2, 4, 5, 6, 9, 11], 0])
    assert np.abs(amplitude).max() == 0
    assert np.abs(left).max() > 0


def test_amplitudes_and_periods_are_permuted_whole_and_alike_in_all_panels(
    rng: np.random.Generator,
) -> None:
    layout = PanelLayout([GRID, GRID])
    (which,) = layout.permuted(50, rng)
    assert which.shape == (50, 24)
    for row in which:
        first, second = row.reshape(2, 12)
        assert sorted(first) == list(range(12))
        assert (second == first + 12).all()  # no cell moves to another panel
        amplitudes, periods = GRID[first].reshape(4, 3, 2).transpose(2, 0, 1)
        assert (amplitudes == amplitudes[0]).all()
        assert (periods == periods[:, :1]).all()


def test_a_cell_that_is_not_there_has_no_measure_to_give(rng: np.random.Generator) -> None:
    (which,) = PanelLayout([GRID[1:]]).permuted(20, rng)
    assert (which == -1).sum(axis=1).max() == 1
    assert (which == -1).any()


def test_gains_of_thirds_are_by_rank_within_each_panel() -> None:
    gain = np.arange(24.0)
    measure = np.concatenate([np.arange(12.0), 100 + np.arange(12.0)])
    means = PanelLayout([GRID, GRID]).gain_of_thirds(gain, measure)
    assert means == pytest.approx([1.5 + 6, 5.5 + 6, 9.5 + 6])
    empty = PanelLayout([GRID]).gain_of_thirds(gain[:12], np.zeros(12))
    assert np.isnan(empty).tolist() == [True, False, True]
