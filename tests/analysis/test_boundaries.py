"""Boundaries of maps whose true edges are known, and of maps that do not reach them."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from dynstudy.analysis.boundaries import COLUMNS, _pieces, find_boundaries
from dynstudy.analysis.boundary_words import ABOVE, BELOW, LOWER, NOWHERE, ONSET, UPPER
from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.config import EQUIVALENCE
from dynstudy.errors import DynstudyError
from dynstudy.report.boundary_text import boundary_lines
from dynstudy.statistics.columns import names
from tests.analysis.simulated_maps import AMPLITUDES, HALF, PERIODS, middle, ridge, simulated


def holds(row: Any, true: float) -> bool:
    """Whether a band holds the true edge; it is open where it goes on beyond the map."""
    low = row.amplitude_low if np.isfinite(row.amplitude_low) else 0
    high = row.amplitude_high if np.isfinite(row.amplitude_high) else np.inf
    return bool(low <= true <= high)


@pytest.mark.parametrize("spread", ["narrow", "bimodal"])
@pytest.mark.parametrize("replicates", [10, pytest.param(50, marks=pytest.mark.long)])
def test_bands_hold_planted_edges(spread: str, replicates: int) -> None:
    """As often as they claim, within simulation error: maps are independent, edges are not."""
    shares, reached = [], []
    for seed in range(40):
        boundaries = find_boundaries(simulated(ridge, spread, replicates, seed), draws=200)
        edges = boundaries[boundaries.reached & (boundaries.boundary != ONSET)]
        reached.append(len(edges) / (2 * len(PERIODS)))
        if len(edges):
            held = [
                holds(row, np.exp(middle(row.period) + (HALF if row.boundary == UPPER else -HALF)))
                for row in edges.itertuples()
            ]
            shares.append(np.mean(held))
    error = max(np.std(shares, ddof=1) / np.sqrt(len(shares)), 0.005)
    assert np.mean(shares) > 0.95 - 3 * error
    assert np.mean(reached) > (0.7 if spread == "bimodal" else 0.9)


def test_planted_edges_are_found_and_more_replicates_narrow_their_bands() -> None:
    bands = []
    for replicates in (10, 160):
        boundaries = find_boundaries(simulated(ridge, "narrow", replicates))
        assert list(boundaries.columns) == names(COLUMNS)
        edges = boundaries[boundaries.boundary != ONSET]
        assert (edges.groupby("period").size() == 2).all()  # one piece, two edges
        inside = edges[edges.period == 1000].set_index("boundary")
        for boundary, sign in ((LOWER, -1), (UPPER, 1)):
            edge = inside.loc[boundary]
            assert edge.reached
            assert edge.support > 0.9
            assert edge.amplitude_low <= edge.amplitude <= edge.amplitude_high
            assert np.log(edge.amplitude) == pytest.approx(middle(1000) + sign * HALF, abs=0.3)
            bands.append(np.log(edge.amplitude_high / edge.amplitude_low))
    assert bands[2] < bands[0]
    assert bands[3] < bands[1]


def test_the_same_map_reads_the_same_every_time() -> None:
    study_map = simulated(ridge, "bimodal")
    pd.testing.assert_frame_equal(find_boundaries(study_map), find_boundaries(study_map))


def test_edges_beyond_the_map_are_told_and_not_extrapolated() -> None:
    everywhere = find_boundaries(simulated(lambda a, t: 0.2))
    edges = everywhere[everywhere.boundary != ONSET]
    assert not edges.reached.any()
    assert set(edges[edges.boundary == LOWER].says) == {BELOW}
    assert set(edges[edges.boundary == UPPER].says) == {ABOVE}
    assert edges[["amplitude", "amplitude_low", "amplitude_high"]].isna().all(axis=None)
    assert (edges.support > 0.95).all()

    nowhere = find_boundaries(simulated(lambda a, t: -0.1))
    edges = nowhere[nowhere.boundary != ONSET]
    assert set(edges.says) == {NOWHERE}
    assert set(edges.piece) == {0}
    assert (edges.support > 0.95).all()

    one_side = find_boundaries(simulated(lambda a, t: 0.2 if a < 50 else -0.2))
    edges = one_side[one_side.boundary != ONSET].set_index(["period", "boundary"])
    for period in PERIODS:
        assert edges.loc[(period, LOWER)].says == BELOW
        upper = edges.loc[(period, UPPER)]
        assert 30 < upper.amplitude < 70


def test_several_pieces_are_told_apart() -> None:
    def two(amplitude: float, period: float) -> float:
        return 0.2 if amplitude in (10, 400) else -0.2

    whole = simulated(two, replicates=40)
    boundaries = find_boundaries(whole)
    edges = boundaries[(boundaries.boundary != ONSET) & (boundaries.period == 1000)]
    assert edges.piece.tolist() == [1, 1, 2, 2]
    assert edges.boundary.tolist() == [LOWER, UPPER, LOWER, UPPER]
    assert (np.diff(edges.amplitude) > 0).all()
    first, second = edges.amplitude.to_numpy()[:2], edges.amplitude.to_numpy()[2:]
    assert 3 < first[0] < 10 < first[1] < 70
    assert 150 < second[0] < 400 < second[1] < 1000
    (line,) = [
        row for row in boundary_lines(whole.dynamical_cells(), boundaries) if row["period"] == 1000
    ]
    assert line["useful_amplitudes"].count("; ") == 1


def test_the_onset_is_where_all_larger_amplitudes_forget() -> None:
    # an island that forgets at A = 30, and then from 150 on; nothing at 215; everything at 464
    patterns: dict[int, list[float]] = {
        100: [30, 150, 400, 1000],
        215: [],
        464: AMPLITUDES,
        1000: [1000],
    }
    periods = list(patterns)

    def forgets(amplitude: float, period: float) -> bool:
        return amplitude in patterns[int(period)]

    boundaries = find_boundaries(simulated(ridge, forgets=forgets, periods=periods))
    onset = boundaries[boundaries.boundary == ONSET].set_index("period")
    assert onset.loc[100, ["amplitude", "amplitude_low", "amplitude_high"]].tolist() == [
        150, 70, 150,
    ]  # fmt: skip
    assert onset.loc[1000, ["amplitude_low", "amplitude_high"]].tolist() == [400, 1000]
    assert onset.reached.tolist() == [True, False, False, True]
    assert onset.says.tolist() == ["", ABOVE, BELOW, ""]
    assert np.isnan(onset.loc[215, "amplitude"])
    assert onset.loc[215, "amplitude_low"] == 1000
    assert np.isnan(onset.loc[464, "amplitude_low"])
    assert onset.loc[464, "amplitude_high"] == 3  # it lies somewhere below the map


def test_cells_that_are_not_tested_for_forgetting_are_no_onset() -> None:
    def forgets(amplitude: float, period: float) -> bool | None:
        if period == 10_000:
            return None
        return None if amplitude == 150 else amplitude > 150

    boundaries = find_boundaries(simulated(ridge, forgets=forgets))
    onset = boundaries[boundaries.boundary == ONSET]
    assert 10_000 not in set(onset.period)
    assert set(onset.amplitude_low) == {70}  # between tested amplitudes: 150 is none
    assert set(onset.amplitude_high) == {400}


def test_cells_that_are_not_trained_are_left_out() -> None:
    whole = simulated(ridge, replicates=40)
    frame, outcomes = whole.frame.copy(), list(whole.outcomes)
    holes = frame[(frame.amplitude == 70) & (frame.period == 1000)].index
    frame.loc[holes, "replicates"] = 0
    outcomes[holes[0]] = np.empty(0)
    boundaries = find_boundaries(RegimeMap(whole.spec, frame, [], outcomes))
    edge = boundaries[(boundaries.period == 1000) & (boundaries.boundary == UPPER)].iloc[0]
    assert holds(edge, np.exp(middle(1000) + HALF))


def test_too_few_cells_have_onsets_but_no_edges() -> None:
    boundaries = find_boundaries(simulated(ridge, amplitudes=[10, 100], periods=[1000]))
    assert set(boundaries.boundary) == {ONSET}
    alone = find_boundaries(simulated(ridge, replicates=1))
    assert set(alone.boundary) == {ONSET}


@pytest.mark.parametrize("outcome", [0.5, None])
def test_replicates_that_agree_and_a_field_that_is_flat(outcome: float | None) -> None:
    """Zero variance everywhere: there is an answer, and no warning."""
    study_map = simulated(ridge, replicates=4)
    cells = [
        np.full(4, outcome if outcome else 0.5 + 0.001 * k) for k in range(len(study_map.frame))
    ]
    frame = find_boundaries(RegimeMap(study_map.spec, study_map.frame, [], cells))
    edges = frame[frame.boundary != ONSET]
    assert len(edges) >= len(PERIODS)
    if outcome:
        assert set(edges.says) == {NOWHERE}


def test_the_contour_of_the_picture_is_the_table_s() -> None:
    study_map = simulated(ridge, replicates=40)
    surface = study_map.surface("dce", 20, 1.0)
    assert surface is not None
    pooled = surface.pooled
    assert pooled is not None
    row = pooled.gain[np.abs(pooled.period - 1000).argmin()]
    inside = pooled.amplitude[row > EQUIVALENCE]
    edges = find_boundaries(study_map).query("period == 1000").set_index("boundary").amplitude
    assert inside.min() == pytest.approx(edges[LOWER], rel=0.1)
    assert inside.max() == pytest.approx(edges[UPPER], rel=0.1)
    assert (pooled.excess > 0).sum() == (pooled.gain > EQUIVALENCE).sum()


def test_what_has_no_amplitudes_has_no_boundaries() -> None:
    with pytest.raises(DynstudyError, match=r"space\.amplitude needs at least two"):
        find_boundaries(simulated(ridge, amplitudes=[30]))


def test_edges_lie_between_the_places_where_a_surface_is_looked_at() -> None:
    x = np.array([0.0, 1.0, 2.0, 3.0])
    rows = _pieces(x, EQUIVALENCE + np.array([-0.1, 0.3, 0.1, -0.3]), np.zeros((1, 4)))
    assert [row["amplitude"] for row in rows] == pytest.approx(np.exp([0.25, 2.25]))


def test_predicted_cells_are_no_onset() -> None:
    study_map = simulated(ridge, forgets=lambda amplitude, period: amplitude >= 150, periods=[100])
    study_map.frame["predicted"] = study_map.frame.amplitude.isin([70, 150])
    (onset,) = find_boundaries(study_map).query("boundary == @ONSET").itertuples()
    assert (onset.amplitude_low, onset.amplitude_high) == (30, 400)
