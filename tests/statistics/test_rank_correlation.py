"""Rank correlations are SciPy's, and those within cells are what permuting networks says."""

import itertools

import numpy as np
import pytest
from scipy import stats

from dynstudy.statistics.rank_correlation import (
    NO_CELL,
    WithinCells,
    correlation,
    holm_p_values,
    normal_interval,
    thirds,
)


def test_correlation_of_what_is_there_is_scipys(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(2, 3, 9))
    x[0, 2] = y[1, 5] = np.nan
    for row, value in zip(zip(x, y, strict=True), correlation(x, y), strict=True):
        there = np.isfinite(row[0]) & np.isfinite(row[1])
        assert value == pytest.approx(stats.pearsonr(row[0][there], row[1][there])[0], rel=1e-12)
    assert np.isnan(correlation(np.ones(5), np.arange(5.0)))


def test_within_one_cell_it_is_spearmans(rng: np.random.Generator) -> None:
    x = np.round(rng.random(12), 1)  # with ties
    y = x + rng.random(12)
    within = WithinCells.of(stats.rankdata(x), stats.rankdata(y))
    assert within.rho == pytest.approx(stats.spearmanr(x, y)[0], rel=1e-12)


def test_what_differs_between_cells_is_not_in_it(rng: np.random.Generator) -> None:
    """Cells that have more of both, and networks among which nothing goes together."""
    both = NO_CELL
    for level in range(200):
        x, y = level + rng.random((2, 6))
        both = both + WithinCells.of(stats.rankdata(x), stats.rankdata(y))
    assert abs(both.rho) < 3 / np.sqrt(200 * 5)
    constant = WithinCells.of(np.arange(6.0), np.full(6, 2.5))  # which says nothing
    assert (both + constant).rho == both.rho
    assert np.isnan(constant.rho)
    assert np.isnan(constant.p_value)


def test_p_value_is_of_networks_permuted_within_cells(rng: np.random.Generator) -> None:
    """The variance that is used is that of all permutations, and p theirs but for being smooth."""
    cells = [stats.rankdata(rng.random((2, 4)), axis=1) for _ in range(3)]
    within = sum((WithinCells.of(x, y) for x, y in cells), NO_CELL)
    orders = list(itertools.permutations(range(4)))
    sums = [
        [((x - x.mean()) * (y[list(order)] - y.mean())).sum() for order in orders] for x, y in cells
    ]
    all_sums = np.array([sum(each) for each in itertools.product(*sums)])
    assert within.variance == pytest.approx(all_sums.var(), rel=1e-12)
    exact = (np.abs(all_sums) >= abs(within.products) - 1e-9).mean()
    assert within.p_value == pytest.approx(exact, abs=0.1)


def test_interval_is_normal_in_artanh() -> None:
    z = stats.norm.ppf(np.linspace(0.0005, 0.9995, 2000))
    low, high = normal_interval(0.5, np.tanh(0.2 * z))
    assert np.arctanh([low, high]) == pytest.approx(
        np.arctanh(0.5) + np.array([-1, 1]) * 1.96 * 0.2, abs=2e-3
    )
    assert np.isnan(normal_interval(0.5, np.array([0.1, np.nan]))).all()
    assert normal_interval(1.0, np.ones(5)) == pytest.approx((1.0, 1.0))


def test_holm_bounds_the_chance_of_any_false_one() -> None:
    assert holm_p_values([0.01, 0.02, 0.2, 0.9]) == pytest.approx([0.04, 0.06, 0.4, 0.9])
    assert holm_p_values([0.5, 0.6]).tolist() == [1.0, 1.0]
    # whenever one null hypothesis among them is true, its corrected p is no smaller than its own
    p_values = np.random.default_rng(1).random((500, 4))
    assert all((holm_p_values(row) >= row).all() for row in p_values)


def test_thirds_keep_equal_values_together() -> None:
    assert thirds(np.arange(9.0)).tolist() == [0] * 3 + [1] * 3 + [2] * 3
    assert thirds(np.array([[1.0, 0, 2, 2, 3, 2], [5.0] * 6])).tolist() == [
        [0, 0, 1, 1, 2, 1],
        [1] * 6,
    ]
