"""The slope of useful regions that are known."""

import numpy as np
import pytest

from dynstudy.analysis import atlas_slope
from dynstudy.analysis.atlas_edges import AtlasEdges, find_edges
from dynstudy.analysis.atlas_slope import band_slope, slope_columns
from tests.analysis.simulated_atlas import AXES, Surface, band, simulated_atlas
from tests.planted_atlas import ATLAS

ENDS = "first", "last"


def edges_of(gain: Surface, seed: int = 0, spread: float = 0.05) -> AtlasEdges:
    edges = find_edges(simulated_atlas(gain, pixels=(40, 30), seed=seed, spread=spread))
    assert edges is not None
    return edges


@pytest.mark.parametrize("power", [-0.8, 0.0, 0.5])
def test_it_is_the_power_and_its_interval_covers(power: float) -> None:
    inside = []
    for seed in range(3):
        slope = band_slope(edges_of(band(power), seed), draws=40)
        assert slope is not None
        assert slope.slope == pytest.approx(power, abs=0.1)
        assert slope.low < slope.slope < slope.high
        inside.append(slope.low <= power <= slope.high)
    assert any(inside)
    assert str(slope).startswith("d log amplitude / d log period = ")
    right = np.log10(slope.right) - (1.5 + power * (np.log10(slope.upwards) - 2))
    np.testing.assert_allclose(right, 0, atol=0.2)


def test_its_interval_is_as_wide_as_slopes_scatter() -> None:
    slopes = [band_slope(edges_of(band(-0.5), seed), draws=40) for seed in range(10)]
    scatter = np.std([slope.slope for slope in slopes if slope])
    width = np.mean([slope.high - slope.low for slope in slopes if slope]) / (2 * 1.96)
    assert 0.6 < width / scatter < 1.8


def test_what_the_border_cuts_does_not_tilt_it() -> None:
    """Of a band that leaves the atlas, rows that hold all of it are fitted."""
    slope = band_slope(edges_of(band(1.2, middle=2.2)), draws=20)
    assert slope is not None
    assert slope.rows < 25
    assert slope.slope == pytest.approx(1.2, abs=0.1)


def test_where_too_few_rows_have_a_band_there_is_none() -> None:
    assert band_slope(edges_of(lambda x, y: 0.2 + 0 * x), draws=5) is None  # everywhere
    assert band_slope(edges_of(lambda x, y: -0.2 + 0 * x), draws=5) is None
    assert band_slope(edges_of(lambda x, y: 0 * x, spread=0.01), draws=5) is None


def test_large_atlases_are_drawn_again_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    edges = edges_of(band(-0.5))
    alone = band_slope(edges, draws=40)
    monkeypatch.setattr(atlas_slope, "MOST_TRIED", 200)
    in_blocks = band_slope(edges, draws=40)
    assert alone
    assert in_blocks
    assert in_blocks.slope == alone.slope
    assert in_blocks.high - in_blocks.low == pytest.approx(alone.high - alone.low, rel=0.5)


def test_a_linear_axis_is_not_logarithmic() -> None:
    space = {
        "learning_rate": 1.0,
        "width": 5,
        "period": {"low": 10, "high": 90},
        "amplitude": {"low": 1, "high": 100, "log": True},
    }
    atlas = simulated_atlas(band(0.0), space=space)
    np.testing.assert_array_equal(atlas.upwards.scaled(atlas.upwards.values), atlas.upwards.values)
    np.testing.assert_allclose(
        atlas.right.unscaled(atlas.right.scaled(atlas.right.values)), atlas.right.values
    )


def test_rows_that_share_a_value_are_no_line() -> None:
    """Two widths that have many rows of pixels each are two points, which any line joins."""
    space = ATLAS["space"] | AXES | {"period": 20, "width": {"low": 5, "high": 6}}
    atlas = simulated_atlas(band(0.0), pixels=(40, 30), space=space)
    edges = find_edges(atlas)
    assert edges is not None
    assert len(np.unique(atlas.upwards.values)) == 2
    assert band_slope(edges, draws=5) is None


def test_its_table_is_a_row_of_it_and_of_the_ends_of_its_line() -> None:
    slope = band_slope(edges_of(band(-0.5)), draws=20)
    assert slope is not None
    (row,) = slope.frame.to_dict("records")
    assert list(row) == [column.name for column in slope_columns("amplitude", "period")]
    assert row["slope_of"] == "d log amplitude / d log period"
    assert (row["slope_low"], row["slope"], row["slope_high"]) == (
        *(slope.low, slope.slope, slope.high),
    )
    ends = np.log([row[f"{axis}_{end}"] for axis in ("amplitude", "period") for end in ENDS])
    assert (ends[1] - ends[0]) / (ends[3] - ends[2]) == pytest.approx(slope.slope)
