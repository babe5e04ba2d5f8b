"""Where regimes end in atlases whose surfaces are known."""

import numpy as np
import pandas as pd
import pytest

from dynstudy.analysis.atlas_edges import edge_band, find_edges, runs_above, value_at
from dynstudy.analysis.boundaries import find_boundaries, has_boundaries
from dynstudy.analysis.boundary_words import ABOVE, BELOW, LOWER, NOWHERE, ONSET, UPPER
from dynstudy.analysis.regime_map import regime_map
from dynstudy.errors import DynstudyError
from dynstudy.store.studies import Storage
from tests.analysis.simulated_atlas import SimulatedAtlas, band, simulated_atlas
from tests.pictures.made_up_atlas import of_atlas
from tests.planted_atlas import ATLAS, NOISY, plant_atlas, small_atlas

HALF = 0.4 * np.sqrt(np.log(0.2 / 0.07))  # decades from the middle of `band` to its edges


def test_bands_hold_the_true_edges() -> None:
    inside = []
    for seed in range(6):
        edges = find_edges(simulated_atlas(band(-0.5), seed=seed))
        assert edges is not None
        frame = edges.frame[edges.frame.sure]
        y = np.log10(frame.period.to_numpy(float))
        middle = 1.5 - 0.5 * (y - 2)
        truths = {
            LOWER: middle - HALF,
            UPPER: middle + HALF,
            ONSET: 3 - 0.5 * y,  # of 0.8 / 2
        }
        for boundary, truth in truths.items():
            of_it = frame.boundary == boundary
            low, high = (
                np.log10(frame.loc[of_it, f"amplitude_{end}"].to_numpy(float))
                for end in ("low", "high")
            )
            at = np.log10(frame.amplitude[of_it].to_numpy(float))
            assert np.abs(at - truth[of_it]).mean() < 0.05
            inside.append(np.mean((low <= truth[of_it]) & (truth[of_it] <= high)))
    assert 0.9 < np.mean(inside) < 0.99


def test_each_row_of_pixels_has_its_edges_in_order() -> None:
    edges = find_edges(simulated_atlas(band(0.0)))
    assert edges is not None
    assert list(edges.frame.columns) == [column.name for column in edges.columns]
    assert set(edges.frame.period) == set(edges.atlas.upwards.values)
    of_a_row = edges.frame[edges.frame.period == edges.atlas.upwards.values[25]]
    sure = of_a_row[of_a_row.sure]
    assert list(sure.boundary) == [LOWER, UPPER, ONSET]
    assert (sure.amplitude_low < sure.amplitude).all()
    assert (sure.amplitude < sure.amplitude_high).all()


def test_what_is_not_in_the_atlas_is_said() -> None:
    everywhere = find_edges(simulated_atlas(lambda x, y: 0.3 + 0 * x, lambda x, y: 0.9 + 0 * x))
    nowhere = find_edges(simulated_atlas(lambda x, y: -0.3 + 0 * x, lambda x, y: 0 * x))
    half = find_edges(simulated_atlas(lambda x, y: np.where(x < 1.5, 0.2, -0.2)))
    assert everywhere
    assert nowhere
    assert half
    assert set(everywhere.frame.says) == {BELOW, ABOVE}
    assert set(nowhere.frame[nowhere.frame.boundary == ONSET].says) == {ABOVE}
    assert set(nowhere.frame[nowhere.frame.boundary != ONSET].says) == {NOWHERE}
    assert everywhere.gain.share == (1, 1)
    assert nowhere.gain.share == (0, 0)
    pieces = half.frame[half.frame.sure & (half.frame.boundary != ONSET)]
    assert set(pieces[pieces.boundary == LOWER].says) == {BELOW}
    assert np.log10(pieces[pieces.boundary == UPPER].amplitude.astype(float)).mean() == (
        pytest.approx(1.5, abs=0.05)
    )


def test_one_draw_for_all_has_no_bands_and_no_pixels_no_surface() -> None:
    assert find_edges(simulated_atlas(band(0.0), seed=3)) is not None
    one = simulated_atlas(band(0.0), pixels=(20, 16))
    same = one.spec.model_copy(update={"seed": 7})
    assert find_edges(SimulatedAtlas(same, one.ledger, one.values)) is None
    nothing = {name: np.full_like(values, np.nan) for name, values in one.values.items()}
    assert find_edges(SimulatedAtlas(one.spec, one.ledger, nothing)) is None
    diverged = one.values | {"forgetting": nothing["forgetting"]}
    edges = find_edges(SimulatedAtlas(one.spec, one.ledger, diverged))
    assert edges is not None
    assert edges.forgetting is None
    assert ONSET not in set(edges.frame.boundary)


def test_pixels_in_a_line_make_no_surface() -> None:
    """Pixels are trained row by row, so that at first there is nothing but the lowest row."""
    atlas = simulated_atlas(band(0.0), pixels=(64, 16))
    in_a_row = {name: values.copy() for name, values in atlas.values.items()}
    for values in in_a_row.values():
        values[1:] = np.nan
        values[:, np.arange(64) % 4 != 0] = np.nan
    assert find_edges(SimulatedAtlas(atlas.spec, atlas.ledger, in_a_row)) is None
    forgetting = atlas.values | {"forgetting": in_a_row["forgetting"]}
    edges = find_edges(SimulatedAtlas(atlas.spec, atlas.ledger, forgetting))
    assert edges is not None
    assert edges.forgetting is None
    assert "forgets" not in edges.headline


def test_a_band_ends_where_it_is_settled_on_either_side() -> None:
    assert runs_above(np.array([1.0, -1, 2, 3, np.nan, 1])) == [(0, 1), (2, 4), (5, 6)]
    # settled at pixels 0 (-3) and 4 (+3); |excess| is 1.96 on the way to either
    at, low, high = edge_band(np.array([-3.0, -1, 1, 1.5, 3]), 2) or ()
    assert at == pytest.approx(2)
    assert low == pytest.approx(0.5 + (3 - 1.96) / 2)
    assert high == pytest.approx(3.5 + 0.46 / 1.5)
    at, low, high = edge_band(np.array([-4.0, 4]), 1) or ()  # a steep one
    assert (low, at, high) == pytest.approx((1 - 0.49 / 2, 1, 1 + 0.49 / 2))
    assert np.isnan(edge_band(np.array([-1.0, -1, 1, np.nan, 5]), 2)[1:]).all()  # type: ignore[index]
    assert edge_band(np.array([1.0, 1]), 0) is None
    assert edge_band(np.array([np.nan, 1]), 1) is None


def test_positions_are_values_of_the_axis() -> None:
    right = simulated_atlas(band(0.0)).right
    assert value_at(right, 0) == pytest.approx(1)
    assert value_at(right, 30) == pytest.approx(np.sqrt(1000))
    assert value_at(right, 0.5) == pytest.approx(right.values[0])
    assert np.isnan(value_at(right, np.nan))


def test_an_atlas_has_edges_instead_of_the_boundaries_of_cells() -> None:
    """A Gaussian process of thousands of tiles would take minutes."""
    assert not has_boundaries(of_atlas())
    assert of_atlas().edges is not None


def test_boundaries_of_an_atlas_are_its_edges_whatever_its_axes(storage: Storage) -> None:
    for name, space in (("plain", ATLAS["space"]), ("noisy", NOISY)):
        plant_atlas(storage, small_atlas(name=name, space=space))
        study_map = regime_map(storage, name)
        assert study_map.edges is not None
        pd.testing.assert_frame_equal(find_boundaries(study_map), study_map.edges.frame)
    plant_atlas(storage, small_atlas(name="few", tile=2, loss="dmse1"), pixels=9)
    with pytest.raises(DynstudyError, match=r"^few: no edges: too few pixels are trained"):
        find_boundaries(regime_map(storage, "few"))
    plant_atlas(storage, small_atlas(name="one", seed=3))
    with pytest.raises(DynstudyError, match=r"^one: no edges: seed = 3: one draw"):
        find_boundaries(regime_map(storage, "one"))
