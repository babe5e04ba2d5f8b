"""Networks that are drawn again: their means vary as means of so many networks do."""

import numpy as np
import pytest
from scipy import stats

from dynstudy.analysis.cell_networks import CellNetworks, Resampled, cell_networks, sum_of
from dynstudy.analysis.measure_map import map_of_measures
from dynstudy.analysis.regime_map import regime_map
from dynstudy.store.studies import Storage
from tests.planted import plant_instability


def made_up(rng: np.random.Generator, cells: int = 4, networks: int = 8) -> CellNetworks:
    places = np.column_stack([np.arange(1.0, cells + 1), np.full(cells, 10.0)])
    samples = [rng.normal(size=(networks, 3)) for _ in range(cells)]
    return CellNetworks(("dce", 5, 1.0), places, samples, rng.normal(size=20))


def test_their_spread_is_the_standard_error(rng: np.random.Generator) -> None:
    panel = made_up(rng)
    cells = panel.resampled(4000, rng)
    static = panel.static.std(ddof=1) / 20**0.5
    for k, sample in enumerate(panel.samples):
        gain, *measures = cells.means[:, k]
        assert gain == pytest.approx(sample[:, 0].mean() - panel.static.mean(), rel=1e-12)
        np.testing.assert_allclose(measures, sample[:, 1:].mean(axis=0), rtol=1e-12)
        errors = sample.std(axis=0, ddof=1) / 8**0.5
        errors[0] = np.hypot(errors[0], static)
        np.testing.assert_allclose(cells.drawn[:, :, k].std(axis=0), errors, rtol=0.06)
    # the static loss moves all cells alike
    assert (cells.shared == cells.shared[:, :1]).all()
    assert cells.shared[:, 0].std() == pytest.approx(static, rel=0.06)
    between = np.cov(cells.drawn[:, 0, 0], cells.drawn[:, 0, 1])[0, 1]
    assert between == pytest.approx(static**2, rel=0.5)


def test_a_network_keeps_its_accuracy_and_its_measures_together(rng: np.random.Generator) -> None:
    panel = made_up(rng)
    for sample in panel.samples:
        sample[:, 1] = 2 * sample[:, 0]
    cells = panel.resampled(100, rng)
    accuracy = cells.drawn[:, 0] - cells.shared + panel.static.mean()
    np.testing.assert_allclose(cells.drawn[:, 1], 2 * accuracy, rtol=1e-9)
    once, drawn = sum_of(cells.within[0])
    assert once.rho == pytest.approx(1)
    np.testing.assert_allclose(drawn.rho, 1)


def test_thirds_of_cells_add_up_to_all_of_them(rng: np.random.Generator) -> None:
    panel = made_up(rng, cells=9)
    cells = panel.resampled(10, rng)
    for number, of_thirds in enumerate(cells.within):
        assert all(float(once.first) > 0 for once, _ in of_thirds)
        ranks = [stats.rankdata(sample[:, [0, 1 + number]], axis=0) for sample in panel.samples]
        centred = np.array(ranks) - 4.5
        rho = (centred[..., 0] * centred[..., 1]).sum() / (centred[..., 0] ** 2).sum()
        assert sum_of(of_thirds)[0].rho == pytest.approx(rho, rel=1e-12)
    together = Resampled.together([cells, cells])
    assert together.means.shape == (3, 18)
    assert sum_of(together.within[0])[0].rho == pytest.approx(float(sum_of(cells.within[0])[0].rho))


def test_a_cell_of_one_network_says_nothing_of_its_spread(rng: np.random.Generator) -> None:
    panel = made_up(rng, networks=1)
    cells = panel.resampled(5, rng)
    assert np.isfinite(cells.means).all()
    assert np.isnan(cells.drawn).all()


def test_networks_that_diverged_count_as_chance_and_have_no_measure(
    rng: np.random.Generator,
) -> None:
    panel = made_up(rng)
    panel.samples[0][:5, 1:] = np.nan
    cells = panel.resampled(4000, rng)
    finite = panel.samples[0][5:, 1:]
    np.testing.assert_allclose(cells.means[1:, 0], finite.mean(axis=0), rtol=1e-12)
    errors = finite.std(axis=0, ddof=1) / 3**0.5
    np.testing.assert_allclose(cells.drawn[:, 1:, 0].std(axis=0), errors, rtol=0.06)


def test_a_measure_that_one_of_several_networks_has_is_taken_as_it_is(
    rng: np.random.Generator,
) -> None:
    panel = made_up(rng)
    panel.samples[0][1:, 1:] = np.nan
    cells = panel.resampled(50, rng)
    np.testing.assert_allclose(
        cells.drawn[:, 1:, 0], np.tile(panel.samples[0][0, 1:], (50, 1)), rtol=1e-12
    )


def test_they_are_those_of_the_map(storage: Storage) -> None:
    plant_instability(storage)
    study_map = regime_map(storage, "small")
    measures = map_of_measures(study_map, "share_uphill")
    (panel,) = cell_networks(measures)
    cells = panel.resampled(2, np.random.default_rng(0))
    dynamical = study_map.dynamical_cells()
    np.testing.assert_allclose(cells.means[0], dynamical.gain.astype(float))
    np.testing.assert_allclose(cells.means[1], dynamical.share_uphill.astype(float))
    assert panel.networks == 12 * 6
