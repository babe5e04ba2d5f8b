"""The picture of an atlas: every pixel where its axes say, in the colours of its value."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from dynstudy.pictures.atlas import BANDS, PANELS, atlas_figure, label_pixels
from dynstudy.study.axes import Range
from dynstudy.study.pixel_axes import PixelAxis
from tests.analysis.simulated_atlas import SimulatedAtlas, band, simulated_atlas
from tests.pictures.made_up_atlas import map_of, of_atlas


def legend_of(figure: Figure) -> list[str]:
    (legend,) = figure.legends
    return [text.get_text().replace("\n", " ") for text in legend.get_texts()]


def test_a_panel_for_each_measure_that_any_network_has() -> None:
    titles = [axis.get_title() for axis in atlas_figure(of_atlas(panels=5)).axes]
    drawn = [title for title in titles if title]
    assert drawn == [
        "validation accuracy",
        "gain",
        "forgetting, less the static loss's",
        "validation accuracy at the last peak",
        "share of uphill steps",
    ]
    assert len(PANELS) == 5
    three = [axis.get_title() for axis in atlas_figure(of_atlas(panels=3)).axes]
    assert [title for title in three if title] == drawn[:3]


def test_pixels_are_where_their_axes_say() -> None:
    study_map = of_atlas()
    atlas = study_map.atlas
    assert isinstance(atlas, SimulatedAtlas)
    first, second, *_ = atlas_figure(study_map).axes
    (image,) = first.images
    np.testing.assert_array_equal(image.get_array(), atlas.values["val_accuracy"])
    assert tuple(image.get_extent()) == (0, 16, 0, 12)
    assert image.origin == "lower"
    for axis, pixels in ((first.xaxis, atlas.right), (first.yaxis, atlas.upwards)):
        for at, label in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True):
            value = np.interp(at, np.arange(pixels.pixels + 1), np.log(pixels.edges))
            assert np.exp(value) == pytest.approx(float(label.get_text()))
    assert (first.get_xlabel(), first.get_ylabel()) == ("amplitude A", "period T (steps)")
    (gain,) = second.images
    assert gain.norm.vmin == -gain.norm.vmax
    assert gain.get_cmap().name == "RdBu"


def test_edges_bands_and_the_middle_are_drawn_where_they_are() -> None:
    study_map = map_of(simulated_atlas(band(0.0), pixels=(40, 30)))
    figure = atlas_figure(study_map)
    accuracy, gain, *_ = figure.axes
    useful = accuracy.collections[1]  # after the lower end of the band
    at = np.concatenate([path.vertices for path in useful.get_paths()])
    half = 0.4 * np.sqrt(np.log(0.2 / 0.07))
    nearest = np.abs(np.abs(at[:, 0] / 40 * 3 - 1.5) - half)  # decades
    assert np.median(nearest) < 0.1
    (line,) = gain.lines
    np.testing.assert_allclose(line.get_xdata(), 20, atol=2)
    assert not accuracy.lines
    labels = legend_of(figure)
    assert labels[:3] == ["edge of the useful region: gain 0.02", "onset of forgetting: 0.4", BANDS]
    assert labels[3].startswith("middle of the useful region: d log amplitude / d log period = ")


def test_one_draw_has_pixels_and_no_edges() -> None:
    atlas = simulated_atlas(band(0.0), pixels=(16, 12))
    one = atlas.spec.model_copy(update={"seed": 7})
    figure = atlas_figure(map_of(SimulatedAtlas(one, atlas.ledger, atlas.values)))
    assert not figure.axes[0].collections
    assert legend_of(figure) == ["seed = 7: one draw has no replicates, so that nothing is tested"]


def test_an_atlas_without_a_network_is_an_empty_picture() -> None:
    atlas = simulated_atlas(band(0.0), pixels=(16, 12))
    nothing = {name: np.full_like(values, np.nan) for name, values in atlas.values.items()}
    study_map = of_atlas()
    empty = SimulatedAtlas(atlas.spec, atlas.ledger, nothing)
    study_map.__dict__["atlas"] = empty
    (image,) = atlas_figure(study_map).axes[0].images
    assert np.ma.masked_invalid(image.get_array()).mask.all()


@pytest.mark.parametrize(
    ("low", "high", "log", "expected"),
    [
        (1, 1000, True, [1, 10, 100, 1000]),
        (10, 500, True, [10, 20, 50, 100, 200, 500]),
        (80, 120, True, [80, 88, 96, 104, 112, 120]),
        (1e-6, 1e6, True, [1e-6, 1e-3, 1, 1e3, 1e6]),
        (5, 50, False, [10, 20, 30, 40, 50]),
        (30, 30.00000001, True, [30, 30 + 5e-9, 30 + 1e-8]),
        (10.2, 10.21, True, [10.2, 10.2025, 10.205, 10.2075, 10.21]),
    ],
)
def test_axes_are_labelled_with_round_values(
    low: float, high: float, log: bool, expected: list[float]
) -> None:
    axis = Figure().subplots().xaxis
    label_pixels(axis, PixelAxis("amplitude", Range(low=low, high=high, log=log), 64, 8))
    labels = [float(label.get_text()) for label in axis.get_ticklabels()]
    assert labels == pytest.approx(expected, rel=1e-12)
    assert 3 <= len(labels) <= 7
