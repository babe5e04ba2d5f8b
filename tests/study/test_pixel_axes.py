"""The axes of an atlas: values at the middles of pixels, and tiles of them."""

import math

import numpy as np
import pytest

from dynstudy.study.axes import Range
from dynstudy.study.pixel_axes import PixelAxis


def test_values_are_at_the_middles_of_pixels_between_the_edges() -> None:
    linear = PixelAxis("learning_rate", Range(low=1.0, high=3.0), pixels=4, tile=2)
    np.testing.assert_allclose(linear.values, [1.25, 1.75, 2.25, 2.75], rtol=1e-14)
    np.testing.assert_allclose(linear.edges, [1, 1.5, 2, 2.5, 3], rtol=1e-14)
    np.testing.assert_allclose(linear.middles, [1.5, 2.5], rtol=1e-14)

    log = PixelAxis("amplitude", Range(low=1.0, high=10_000.0, log=True), pixels=4, tile=4)
    np.testing.assert_allclose(log.values, 10 ** np.array([0.5, 1.5, 2.5, 3.5]), rtol=1e-14)
    np.testing.assert_allclose(log.edges, [1, 10, 100, 1000, 10_000], rtol=1e-14)
    np.testing.assert_allclose(log.middles, [100.0], rtol=1e-14)


def test_a_value_has_15_digits_so_that_its_last_bits_do_not_depend_on_a_machine() -> None:
    axis = PixelAxis("amplitude", Range(low=1.0, high=1000.0, log=True), pixels=512, tile=16)
    assert all(float(f"{value:.15g}") == value for value in axis.values.tolist())
    exact = [math.exp(math.log(1000) * (n + 0.5) / 512) for n in range(512)]
    np.testing.assert_allclose(axis.values, exact, rtol=1e-14)
    assert len(set(axis.values.tolist())) == 512


def test_pixels_of_whole_numbers_may_share_one_and_their_tiles_never_do() -> None:
    axis = PixelAxis("period", Range(low=10, high=13), pixels=12, tile=2)
    assert axis.values.tolist() == [10, 10, 11, 11, 11, 11, 12, 12, 12, 12, 13, 13]
    assert axis.first_alike.tolist() == [0, 0, 2, 2, 2, 2, 6, 6, 6, 6, 10, 10]
    # middles 10.25, 10.75, 11.25, 11.75, 12.25, 12.75: those of one whole number are a tile
    assert axis.tiles == [slice(0, 2), slice(2, 6), slice(6, 10), slice(10, 12)]
    assert axis.middles.tolist() == [10, 11, 12, 13]
    assert axis.tile_of.tolist() == [0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3]


@pytest.mark.parametrize("pixels", [5, 6, 7])
def test_tiles_hold_every_pixel_once_and_the_last_may_be_smaller(pixels: int) -> None:
    axis = PixelAxis("amplitude", Range(low=2.0, high=8.0), pixels, tile=3)
    numbers = [number for tile in axis.tiles for number in range(pixels)[tile]]
    assert numbers == list(range(pixels))
    assert [tile.stop - tile.start for tile in axis.tiles][:-1] == [3] * (len(axis.tiles) - 1)


def test_a_pixel_is_known_by_its_value_and_by_no_other() -> None:
    axis = PixelAxis("amplitude", Range(low=2.0, high=8.0), pixels=3, tile=1)
    between = (axis.values[0] + axis.values[1]) / 2
    assert axis.pixels_of(np.array([*axis.values, between, 0.0, 99.0])).tolist() == [
        *(0, 1, 2),
        *(-1, -1, -1),
    ]


@pytest.mark.parametrize("log", [False, True])
def test_positions_count_pixels_from_the_lower_end(log: bool) -> None:
    axis = PixelAxis("amplitude", Range(low=2.0, high=32.0, log=log), pixels=4, tile=2)
    np.testing.assert_allclose(axis.positions(axis.edges), [0, 1, 2, 3, 4], atol=1e-12)
    np.testing.assert_allclose(axis.positions(axis.values), [0.5, 1.5, 2.5, 3.5], atol=1e-12)
    np.testing.assert_allclose(axis.unscaled(axis.scaled(axis.values)), axis.values, rtol=1e-14)
