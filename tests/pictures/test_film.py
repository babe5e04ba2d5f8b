"""A way through atlases as frames, each point a network."""

from itertools import pairwise

import numpy as np
import pytest

from dynstudy.analysis.zoom_path import Stretch
from dynstudy.pictures.film import Shot, frames

HALF = 0.0, 0.5


def whole_and_part(right: Stretch, upwards: Stretch, step: int = 100) -> list[Shot]:
    """A plane of 6 x 8 pixels of values from 0 on, and a part of it, of values from `step` on."""
    values = np.arange(48.0).reshape(6, 8)
    there = np.ones((6, 8), bool)
    return [Shot(values, there), Shot(step + values, there, right, upwards)]


def test_the_first_frame_is_the_first_atlas_and_the_last_one_the_last() -> None:
    shots = whole_and_part((0.3, 0.4), (0.1, 0.9))
    drawn = list(frames(shots, 7))
    assert len(drawn) == 8
    np.testing.assert_array_equal(drawn[0], shots[0].values)
    np.testing.assert_array_equal(drawn[-1], shots[1].values)


@pytest.mark.parametrize("enlarge", [1, 3])
@pytest.mark.parametrize(
    ("right", "upwards"), [((0.25, 0.75), (0.5, 1.0)), ((0.1, 0.4), (0, 1)), ((0, 1), (0.2, 0.3))]
)
def test_each_point_is_the_network_at_its_place(
    right: Stretch, upwards: Stretch, enlarge: int
) -> None:
    """By a plain loop over points, from the definition: the view shrinks at a constant rate."""
    shots, per_zoom = whole_and_part(right, upwards), 5
    for number, frame in enumerate(frames(shots, per_zoom, enlarge=enlarge)):
        assert frame.shape == (6 * enlarge, 8 * enlarge)
        share = number / per_zoom
        for row in range(frame.shape[0]):
            for column in range(frame.shape[1]):
                at = []  # where it is in the whole, upwards and to the right
                of_axes = ((row, frame.shape[0], upwards), (column, frame.shape[1], right))
                for index, count, (low, high) in of_axes:
                    length = (high - low) ** share
                    # of the whole, what lies left of the view shares its shrinking with the rest
                    left = low * (1 - length) / (1 - (high - low)) if high - low < 1 else 0.0
                    at.append(left + length * (index + 0.5) / count)
                near = [
                    (x - low) / (high - low)
                    for x, (low, high) in zip(at, (upwards, right), strict=True)
                ]
                edges = [x * n for where in (at, near) for x, n in zip(where, (6, 8), strict=True)]
                if min(abs(edge - round(edge)) for edge in edges) < 1e-6:
                    continue  # on a border, either side of which is right
                inside = number > 0 and all(0 <= x < 1 for x in near)
                seen, shot = (near, shots[1]) if inside else (at, shots[0])
                expected = shot.values[int(seen[0] * 6), int(seen[1] * 8)]
                assert frame[row, column] == expected


def test_the_way_goes_on_into_the_next() -> None:
    """Where one part ends the next begins: no frame comes twice, and none is left out."""
    (whole, near), (_, nearer) = whole_and_part(HALF, HALF), whole_and_part(HALF, HALF, 200)
    drawn = list(frames([whole, near, nearer], 4))
    assert len(drawn) == 9
    np.testing.assert_array_equal(drawn[4], near.values)
    assert (drawn[5] >= 200).sum() > 3 * 4  # of which the next is a quarter, and grows
    np.testing.assert_array_equal(drawn[8], nearer.values)
    assert all((before != after).any() for before, after in pairwise(drawn))


def test_what_is_not_trained_shows_the_atlas_before() -> None:
    whole, near = whole_and_part((0.0, 0.5), (0.5, 1.0))
    there = np.zeros((6, 8), bool)
    there[::2] = True
    values = np.where(there, near.values, np.nan)
    values[0, 0] = np.nan  # trained, and the measure is not defined
    *_, last = frames([whole, Shot(values, there, near.right, near.upwards)], 4)
    np.testing.assert_array_equal(last[::2], values[::2])
    upper_left = whole.values[3:, :4].repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_array_equal(last[1::2], upper_left[1::2])


def test_smooth_frames_lie_between_pixels() -> None:
    """A plane that rises evenly rises evenly on the way, but for half a pixel at its ends."""
    right = np.tile(np.arange(8.0) + 0.5, (6, 1))
    there = np.ones((6, 8), bool)
    part = Shot(right, ~there, (0.0, 0.5), (0.0, 1.0))
    for number, frame in enumerate(frames([Shot(right, there), part], 4, enlarge=4, smooth=True)):
        slope = np.diff(frame[:, 5:-4], axis=1)
        np.testing.assert_allclose(slope, 0.5 ** (number / 4) / 4, rtol=1e-4)
