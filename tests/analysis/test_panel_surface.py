"""The surface of a panel goes through what is known of it."""

import numpy as np
import pytest

from dynstudy.analysis.boundaries import find_boundaries
from dynstudy.analysis.boundary_words import UPPER
from dynstudy.analysis.panel_surface import GRID, PooledGain, fit_panel
from tests.analysis.simulated_maps import HALF, middle, ridge, simulated


def test_more_cells_than_a_surface_takes_are_pooled_in_blocks() -> None:
    amplitudes = np.geomspace(3, 1000, 40).tolist()
    periods = np.geomspace(100, 10_000, 20).round().astype(int).tolist()
    boundaries = find_boundaries(
        simulated(ridge, replicates=4, amplitudes=amplitudes, periods=periods), draws=100
    )
    edges = boundaries[boundaries.reached & (boundaries.boundary == UPPER)]
    assert len(edges) > 15
    true = np.array([middle(period) + HALF for period in edges.period])
    assert np.median(np.abs(np.log(edges.amplitude) - true)) < 0.15


def test_between_the_cells_it_is_their_gain_and_surest_where_they_are() -> None:
    study_map = simulated(ridge, replicates=40)
    surface = study_map.surface("dce", 20, 1.0)
    assert surface is not None
    pooled = surface.pooled
    assert isinstance(pooled, PooledGain)
    assert pooled.gain.shape == pooled.error.shape == (GRID, GRID)
    assert (pooled.amplitude[0], pooled.amplitude[-1]) == pytest.approx((3, 1000))
    assert (pooled.period[0], pooled.period[-1]) == pytest.approx((100, 10_000))
    true = np.array([[ridge(a, t) for a in pooled.amplitude] for t in pooled.period])
    assert np.abs(pooled.gain - true).max() < 0.05
    np.testing.assert_allclose(pooled.excess, (pooled.gain - 0.02) / pooled.error)
    # what is known of the static loss is no better anywhere
    static = study_map.outcomes[0].std(ddof=1) / np.sqrt(len(study_map.outcomes[0]))
    assert (pooled.error >= static).all()


def test_too_little_has_no_surface() -> None:
    study_map = simulated(ridge, replicates=4)
    cells = study_map.dynamical_cells()
    outcomes, baseline = list(study_map.outcomes[1:]), study_map.outcomes[0]
    assert fit_panel(cells, outcomes, baseline) is not None
    assert fit_panel(cells, outcomes, baseline[:1]) is None
    assert fit_panel(cells[:3], outcomes[:3], baseline) is None
    assert fit_panel(cells.assign(replicates=1), outcomes, baseline) is None
    assert fit_panel(cells.assign(amplitude=3), outcomes, baseline) is None


def test_one_period_has_a_surface_but_no_picture_of_it() -> None:
    surface = simulated(ridge, replicates=40, periods=[1000]).surface("dce", 20, 1.0)
    assert surface is not None
    assert surface.pooled is None
