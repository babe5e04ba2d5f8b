"""Smoothing of pixels: against least squares done plainly, and against surfaces that are known."""

import itertools

import numpy as np
import pytest

from dynstudy.statistics import local_regression
from dynstudy.statistics.local_regression import (
    SHARPER,
    STEP,
    best_bandwidth,
    blocks,
    left_out_error,
    leverage,
    smooth,
    smooth_mean,
)

RNG = np.random.default_rng(0)
UP, RIGHT = np.mgrid[:40, :50].astype(float)
HOLES = RNG.random(UP.shape) < 0.3


def truth(rows: int, columns: int) -> np.ndarray:
    """A band that runs diagonally, as a share from 0.2 to 0.8."""
    up, right = np.mgrid[:rows, :columns] / np.array([rows, columns]).reshape(2, 1, 1)
    return 0.2 + 0.6 * np.exp(-(((up + right - 1) / 0.3) ** 2))


def plainly(values: np.ndarray, bandwidth: tuple[float, float], at: tuple[int, int]) -> np.ndarray:
    """How much each pixel counts at one of them, by least squares; 0 where it is missing."""
    offsets = [index - middle for index, middle in zip(np.indices(values.shape), at, strict=True)]
    kernel = np.isfinite(values).astype(float)
    for offset, width in zip(offsets, bandwidth, strict=True):
        kernel *= np.maximum(1 - (offset / width) ** 2, 0)
    design = np.stack([np.ones(values.size), *(offset.ravel() for offset in offsets)], axis=1)
    root = np.sqrt(kernel.ravel())[:, None]
    row: np.ndarray = (np.linalg.pinv(design * root) * root.T)[0]
    return row.reshape(values.shape)


@pytest.mark.parametrize("bandwidth", [(1.5, 1.5), (2.7, 6.0), (30.0, 9.1)])
def test_a_plane_is_reproduced_up_to_the_borders_with_no_error(
    bandwidth: tuple[float, float],
) -> None:
    plane = 3 + 0.2 * UP - 0.7 * RIGHT
    smoothed = smooth(plane, bandwidth=bandwidth)
    np.testing.assert_allclose(smoothed.mean, plane, atol=1e-9)
    np.testing.assert_allclose(smoothed.error, 0, atol=1e-9)
    wide = max(*bandwidth, 6.0), max(*bandwidth, 6.0)
    holey = smooth_mean(np.where(HOLES, np.nan, plane), np.ones(plane.shape), wide)
    np.testing.assert_allclose(holey, plane, atol=1e-9)


@pytest.mark.parametrize("at", [(20, 20), (0, 0), (39, 7), (12, 49)])
@pytest.mark.parametrize("bandwidth", [(4.0, 4.0), (3.2, 11.5)])
def test_it_is_least_squares_around_each_pixel(
    at: tuple[int, int], bandwidth: tuple[float, float]
) -> None:
    values = np.where(HOLES, np.nan, RNG.normal(size=UP.shape))
    counts = plainly(values, bandwidth, at)
    smoothed = smooth(values, bandwidth=bandwidth)
    assert smoothed.mean[at] == pytest.approx(np.nansum(counts * values))
    # all the same spread: the error is that of the sum
    spread = np.full(values.shape, 2.0) * np.where((UP + RIGHT) % 2 == 0, 1, -1)
    checked = smooth(np.where(HOLES, np.nan, spread), bandwidth=(15.0, 15.0))
    expected = 2 * np.sqrt((plainly(values, (15.0, 15.0), at) ** 2).sum())
    assert checked.error[at] == pytest.approx(expected, rel=0.06)


def test_weights_are_how_many_each_is_the_mean_of() -> None:
    counts = np.where(HOLES, 1.0, 3.0)
    values = truth(*UP.shape) + RNG.normal(size=UP.shape) / np.sqrt(counts)
    at, bandwidth = (10, 10), (5.0, 5.0)
    offsets = np.stack([np.ones(UP.shape), UP - 10, RIGHT - 10], axis=-1).reshape(-1, 3)
    kernel = np.prod([np.maximum(1 - (offset / 5) ** 2, 0) for offset in offsets.T[1:]], axis=0)
    root = np.sqrt(kernel * counts.ravel())[:, None]
    (expected, *_), *_ = np.linalg.lstsq(offsets * root, values.ravel() * root[:, 0], rcond=None)
    assert smooth(values, counts, bandwidth).mean[at] == pytest.approx(expected)
    assert smooth_mean(values, counts, bandwidth)[at] == pytest.approx(expected)
    alone = np.isclose(counts, 1)
    thrice = np.where(alone, np.nan, values)
    np.testing.assert_allclose(
        smooth(thrice, counts, (8.0, 8.0)).error, smooth(thrice, None, (8.0, 8.0)).error
    )


def test_leverage_is_how_much_a_pixel_counts_for_itself() -> None:
    values = np.where(HOLES, np.nan, 1.0)
    shares = leverage(np.where(HOLES, 0.0, 1.0), (4.0, 3.0))
    for at in ((20, 20), (0, 0), (39, 49)):
        assert shares[at] == pytest.approx(plainly(values, (4.0, 3.0), at)[at])


def test_the_error_of_leaving_one_out_is_that_of_leaving_each_out() -> None:
    values = np.where(HOLES, np.nan, RNG.normal(size=UP.shape))[:9, :8]
    bandwidth = 3.0, 4.0
    errors = []
    for at in itertools.product(range(9), range(8)):
        if np.isfinite(values[at]):
            others = values.copy()
            others[at] = np.nan
            errors.append(values[at] - np.nansum(plainly(others, bandwidth, at) * others))
    assert left_out_error(values, bandwidth) == pytest.approx(np.mean(np.square(errors)))


@pytest.mark.parametrize("binary", [False, True])
def test_bands_are_of_95_percent(binary: bool) -> None:
    """Of independent pixels whose spread differs from place to place, up to right or wrong."""
    share, rng = truth(60, 80), np.random.default_rng(1)
    covered = []
    for _ in range(12):
        uniform = rng.random(share.shape)
        values = (uniform < share) * 1.0 if binary else share + 0.4 * share * (uniform - 0.5)
        smoothed = smooth(values)
        covered.append(np.abs(smoothed.mean - share) < 1.96 * smoothed.error)
    assert 0.93 <= np.mean(covered) <= 0.965  # at the best bandwidth itself it is 0.87
    assert np.quantile(np.mean(covered, axis=0), 0.05) > 0.6  # nowhere much less


def test_the_bandwidth_is_near_the_best_one() -> None:
    share, rng = truth(60, 80), np.random.default_rng(2)
    widths = [STEP**step * 1.5 for step in range(10)]
    for _ in range(3):
        values = (rng.random(share.shape) < share) * 1.0
        chosen = best_bandwidth(values)
        least = min(
            np.mean((smooth_mean(values, np.ones(values.shape), (width, width)) - share) ** 2)
            for width in widths
        )
        reached = np.mean((smooth_mean(values, np.ones(values.shape), chosen) - share) ** 2)
        assert reached < 1.5 * least
        assert smooth(values).bandwidth == pytest.approx([SHARPER * each for each in chosen])


def test_of_many_pixels_it_is_chosen_from_means_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    share, rng = truth(160, 120), np.random.default_rng(4)
    values = np.where(rng.random(share.shape) < 0.1, np.nan, rng.random(share.shape) < share)
    fine = np.sin(np.arange(120) * 1.5) + rng.normal(0, 0.1, share.shape)
    whole = [best_bandwidth(each) for each in (values, fine)]
    monkeypatch.setattr(local_regression, "MOST_TRIED", 2000)
    assert best_bandwidth(values) == pytest.approx(whole[0], rel=0.8)
    assert best_bandwidth(fine) == whole[1]  # no longer than a few pixels: blocks would hide it


def test_blocks_are_means_of_what_is_there() -> None:
    values = np.array([[1.0, 3.0, 5.0], [np.nan, 2.0, np.nan], [4.0, np.nan, np.nan]])
    means, counts = blocks(values, np.ones((3, 3)), 2)
    np.testing.assert_array_equal(means, [[2, 5], [4, np.nan]])
    np.testing.assert_array_equal(counts, [[3, 1], [1, 0]])


def test_each_axis_has_a_bandwidth_of_its_own() -> None:
    """What changes to the right alone is smoothed further upwards."""
    values = np.sin(RIGHT / 4) + np.random.default_rng(3).normal(0, 0.5, UP.shape)
    up, right = best_bandwidth(values)
    assert up > 2 * right


def test_where_too_few_are_around_there_is_nothing() -> None:
    values = np.full(UP.shape, np.nan)
    values[:10] = 1.0
    values[25, ::2] = 1.0  # in a line
    values[35, 30] = 5.0  # alone
    smoothed = smooth(values, bandwidth=(4.0, 4.0))
    assert np.isfinite(smoothed.mean[:10]).all()
    assert np.isnan(smoothed.mean[20:]).all()
    assert np.isfinite(left_out_error(values, (4.0, 4.0)))
    coarse = np.full(UP.shape, np.nan)  # of an atlas that was interrupted
    coarse[::4, ::4] = truth(*UP.shape)[::4, ::4]
    whole = smooth(coarse)
    assert np.abs(whole.mean - truth(*UP.shape))[:37, :49].max() < 0.15
    with pytest.raises(ValueError, match="no pixel has a value"):
        smooth(np.full((3, 3), np.nan))


def test_two_pixels_are_no_surface() -> None:
    smoothed = smooth(np.array([[1.0, 2.0]]))
    assert np.isnan(smoothed.mean).all()
