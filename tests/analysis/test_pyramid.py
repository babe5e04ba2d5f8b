"""The levels of an atlas's picture, and what stands for pixels that are not there yet."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynstudy.analysis.pyramid import PIECE, Pyramid, as_a_whole, halved
from tests.planted_atlas import small_atlas


@pytest.mark.parametrize("stride", [4, 2])
def test_coarse_pixels_stand_for_their_neighbourhoods(
    stride: int, rng: np.random.Generator
) -> None:
    values = rng.random((11, 9))
    recorded = np.zeros(values.shape, bool)
    recorded[::stride, ::stride] = True
    row, column = np.indices(values.shape)
    expected = values[row - row % stride, column - column % stride]
    values[~recorded] = 17.0  # whatever stands there
    np.testing.assert_array_equal(as_a_whole(values, recorded), expected)


def test_the_finer_pixel_stands_where_there_is_one_and_nothing_where_there_is_none() -> None:
    values = np.arange(64.0).reshape(8, 8)
    recorded = np.zeros((8, 8), bool)
    recorded[0, 0] = recorded[2, 0] = recorded[3, 1] = True
    whole = as_a_whole(values, recorded)
    assert whole[3, 1] == values[3, 1]
    assert whole[3, 0] == whole[2, 1] == values[2, 0]
    assert whole[3, 3] == whole[0, 1] == values[0, 0]
    assert np.isnan(whole[4:]).all()
    assert np.isnan(whole[:, 4:]).all()


def test_what_is_trained_and_has_no_value_keeps_none() -> None:
    values = np.ones((4, 4))
    values[1, 1] = np.nan
    whole = as_a_whole(values, np.ones((4, 4), bool))
    assert np.isnan(whole[1, 1])
    assert np.nansum(whole) == 15


def test_an_atlas_that_was_interrupted_after_every_fourth_pixel_is_a_whole_picture() -> None:
    spec = small_atlas(pixels=[13, 10])
    recorded = np.zeros((10, 13), bool)
    for stride, column, row in spec.missing(recorded.copy()):
        recorded[row, column] = stride == 4
    assert not np.isnan(as_a_whole(np.zeros((10, 13)), recorded)).any()


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_each_level_is_the_mean_of_2_by_2_of_the_one_below(
    rows: int, columns: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, columns)).astype(np.float32)
    values[rng.random(values.shape) < 0.3] = np.nan
    half = halved(values)
    assert half.shape == (-(-rows // 2), -(-columns // 2))
    for (row, column), mean in np.ndenumerate(half):
        square = values[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        there = square[~np.isnan(square)]
        assert np.isnan(mean) if not len(there) else mean == pytest.approx(there.mean(), abs=1e-6)


def test_pieces_make_the_levels_with_the_lowest_row_at_the_bottom(
    rng: np.random.Generator,
) -> None:
    values = rng.random((PIECE + 1, 2 * PIECE + 3))
    pyramid = Pyramid(values)
    assert [level.shape for level in pyramid.levels] == [(257, 515), (129, 258), (65, 129)]
    for number, image in enumerate(pyramid.levels):
        rows = []
        while (first := pyramid.piece(number, 0, len(rows))) is not None:
            line = [first]
            while (piece := pyramid.piece(number, len(line), len(rows))) is not None:
                line.append(piece)
            rows.append(np.concatenate(line, axis=1))
        np.testing.assert_array_equal(np.concatenate(rows), image)
    np.testing.assert_allclose(pyramid.levels[0][-1], values[0], rtol=1e-6)


@pytest.mark.parametrize("piece", [(-1, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, -1, 0)])
def test_what_is_no_piece_is_none(piece: tuple[int, int, int]) -> None:
    assert Pyramid(np.zeros((3, 3))).piece(*piece) is None
