"""Layers of an atlas, and pieces of them as PNG."""

import io

import numpy as np
import pytest
from matplotlib.image import imread

from dynstudy.analysis.atlas import Atlas, read_atlas
from dynstudy.errors import DynstudyError
from dynstudy.pictures.atlas_layers import NO_VALUE, Layer, axis_title, layer_names, png_of
from dynstudy.pictures.style import COLOURS, MEASURE_COLOURS
from dynstudy.store.studies import Storage
from tests.planted_atlas import plant_atlas, small_atlas


@pytest.fixture
def atlas(storage: Storage) -> Atlas:
    plant_atlas(storage, small_atlas())
    return read_atlas(storage, "atlas")


def drawn(values: np.ndarray, layer: Layer) -> np.ndarray:
    """(rows, columns, 4) of the PNG, from 0 to 1."""
    image: np.ndarray = imread(io.BytesIO(png_of(values.astype(np.float32), layer)))
    return image


def test_a_pixel_of_the_png_is_a_network_in_its_colour(atlas: Atlas) -> None:
    for name, colours in (("gain", COLOURS), ("val_accuracy", MEASURE_COLOURS)):
        layer = Layer.of(atlas, name)
        image = drawn(layer.values, layer)
        share = np.clip((layer.values - layer.low) / (layer.high - layer.low), 0, 1)
        # as many colours as a byte tells apart
        assert np.abs(image - colours(share)).max() < 5 / 255


def test_gain_is_white_where_there_is_none_and_signed(atlas: Atlas) -> None:
    layer = Layer.of(atlas, "gain")
    assert layer.low == -layer.high
    assert np.nanmax(np.abs(layer.values)) >= layer.high * 0.9
    np.testing.assert_allclose(drawn(np.zeros((1, 1)), layer)[0, 0], COLOURS(0.5), atol=2 / 255)
    assert f"{0.1:{layer.form}}" == "+0.100"


def test_what_has_no_value_is_grey_and_what_lies_beyond_has_the_last_colour(atlas: Atlas) -> None:
    layer = Layer.of(atlas, "val_accuracy")
    values = np.array([[np.nan, -9.0, 9.0]])
    absent, low, high = drawn(values, layer)[0]
    assert tuple(absent) == pytest.approx([part / 255 for part in NO_VALUE])
    assert tuple(low) == pytest.approx(MEASURE_COLOURS(0.0), abs=1 / 255)
    assert tuple(high) == pytest.approx(MEASURE_COLOURS(1.0), abs=1 / 255)


def test_forgetting_is_less_the_static_losss_as_everywhere(atlas: Atlas) -> None:
    net = Layer.of(atlas, "forgetting").values
    static = atlas.static("forgetting")
    assert np.isfinite(static).all()
    np.testing.assert_allclose(net, atlas.of("forgetting") - static)


def test_layers_are_what_any_pixel_has_a_value_of(atlas: Atlas, storage: Storage) -> None:
    measured = ["gain", "val_accuracy", "train_accuracy", "val_accuracy_before_tail"]
    forgotten = ["forgetting", "unrecovered", "lasting"]
    assert list(layer_names(atlas)) == [*measured, *forgotten]
    storage.open_study(small_atlas(name="empty", loss="dmse1"))
    assert list(layer_names(read_atlas(storage, "empty"))) == []


def test_what_the_static_loss_has_no_value_of_is_no_layer_where_that_is_taken_off(
    storage: Storage,
) -> None:
    plant_atlas(storage, small_atlas())
    with storage.engine.begin() as connection:  # as of networks of which no readings are left
        connection.exec_driver_sql("DELETE FROM dynstudy_series")
    names = list(layer_names(read_atlas(storage, "atlas")))
    assert "val_accuracy_before_tail" in names
    assert "forgetting" not in names


def test_a_measure_that_is_everywhere_the_same_has_colours(atlas: Atlas) -> None:
    layer = Layer.of(atlas, "train_accuracy")
    assert layer.low < layer.high
    assert (drawn(layer.values, layer)[..., 3] == 1).all()


def test_a_measure_that_is_none_is_refused(atlas: Atlas) -> None:
    with pytest.raises(DynstudyError, match="has no beauty; it has gain, "):
        Layer.of(atlas, "beauty")


def test_axes_have_titles() -> None:
    assert axis_title("amplitude") == "amplitude A"
    assert axis_title("learning_rate") == "learning rate η"
    assert axis_title("what_comes_later") == "what comes later"
