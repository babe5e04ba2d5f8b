"""Where a zoom goes into a boundary."""

from typing import Any

import numpy as np
import pytest

from dynstudy.analysis.atlas_dimension import PixelBoundary
from dynstudy.analysis.boundary_point import boundary_point
from dynstudy.errors import DynstudyError
from tests.planted_atlas import ATLAS, small_atlas

SIDE = 64
SPACE = ATLAS["space"] | {
    "amplitude": {"low": 1, "high": 65},
    "learning_rate": {"low": 1, "high": 65},
    "period": 20,
}


def boundary(inside: Any) -> PixelBoundary:
    """Of an atlas whose pixels are 1 wide along both axes, from 1."""
    return PixelBoundary(small_atlas(pixels=[SIDE, SIDE], space=SPACE, seed=0), "gain", inside, {})


def test_the_point_is_between_unlike_neighbours_nearest_the_middle() -> None:
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    across = boundary_point(boundary(x >= 40))  # an edge at A = 41
    assert across["amplitude"] == pytest.approx(41)
    assert across["learning_rate"] == pytest.approx(33, abs=0.51)
    up = boundary_point(boundary(y >= 9))
    assert up["learning_rate"] == pytest.approx(10)
    assert up["amplitude"] == pytest.approx(33, abs=0.51)


def test_lone_pixels_are_passed_by() -> None:
    inside = np.tile(np.arange(SIDE) >= 48, (SIDE, 1))
    inside[SIDE // 2, SIDE // 2] = True  # nearer the middle
    assert boundary_point(boundary(inside))["amplitude"] == pytest.approx(49)


def test_where_there_are_lone_pixels_alone_one_of_them_is_taken() -> None:
    inside = np.zeros((SIDE, SIDE), bool)
    inside[5, 50] = True
    point = boundary_point(boundary(inside))
    assert point["amplitude"] == pytest.approx(51.5, abs=0.51)
    assert point["learning_rate"] == pytest.approx(6.5, abs=0.51)


@pytest.mark.parametrize("inside", [True, False])
def test_without_a_boundary_there_is_no_point(inside: bool) -> None:
    with pytest.raises(DynstudyError, match="atlas: all its pixels are on one side of gain"):
        boundary_point(boundary(np.full((SIDE, SIDE), inside)))
