"""Boundaries of known dimension, on a grid of points."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dynstudy.statistics.boundary_dimension import FEWEST, METHODS, mixed_boxes, unlike_pairs

SIDE = 513
X, Y = np.meshgrid(np.linspace(0, 1, SIDE), np.linspace(0, 1, SIDE))


def below_weierstrass(dimension: float) -> NDArray[np.bool_]:
    """Below Weierstrass's function, whose graph has dimension 2 - H (Shen 2018)."""
    ratio, H = 2.1, 2 - dimension
    graph = sum(ratio ** (-H * k) * np.cos(2 * np.pi * ratio**k * X[0] + k * k) for k in range(14))
    return 0.3 * graph + 0.5 > Y


def rabbit() -> NDArray[np.bool_]:
    """Douady's, whose boundary has dimension 1.3934 (McMullen 1998)."""
    z = 3.2 * (X - 0.5) + 3.2j * (Y - 0.5)
    inside = np.ones(z.shape, bool)
    for _ in range(100):
        z = np.where(inside, z * z - 0.122561 + 0.744862j, 4)
        inside &= np.abs(z) < 3
    return inside


KNOWN = {
    "line": (X + 0.31 * Y > 0.6, 1.0),
    "circle": ((X - 0.5) ** 2 + (Y - 0.47) ** 2 < 0.14, 1.0),
    "rectangle": ((abs(X - 0.5) < 0.3) & (abs(Y - 0.5) < 0.22), 1.0),
    "rabbit": (rabbit(), 1.3934),
    "Weierstrass 1.25": (below_weierstrass(1.25), 1.25),
    "Weierstrass 1.5": (below_weierstrass(1.5), 1.5),
    "noise": (np.random.default_rng(0).random((SIDE, SIDE)) < 0.5, 2.0),
}


@pytest.mark.parametrize("name", KNOWN)
def test_the_dimension_of_a_known_boundary_is_met(name: str) -> None:
    inside, dimension = KNOWN[name]
    assert unlike_pairs(inside).dimension() == pytest.approx(dimension, abs=0.07)
    # boxes miss what lies between their points, as the module says
    assert dimension - 0.2 < mixed_boxes(inside).dimension() < dimension + 0.03


@pytest.mark.parametrize("method", METHODS)
def test_a_set_and_what_is_not_in_it_have_one_boundary(method: str) -> None:
    shares = METHODS[method]
    inside, _ = KNOWN["rabbit"]
    for same in (~inside, inside.T, inside[::-1, ::-1]):
        assert shares(same).dimension() == pytest.approx(shares(inside).dimension(), abs=0.01)
    nothing = shares(np.zeros((100, 100), bool))
    assert np.isnan(nothing.dimension())
    assert not nothing.unlike.any()


def test_boxes_and_pairs_are_those_that_are_counted_one_by_one() -> None:
    inside = np.random.default_rng(1).random((70, 83)) < 0.02
    boxes, pairs = mixed_boxes(inside), unlike_pairs(inside)
    assert boxes.distances.tolist() == pairs.distances.tolist() == [1, 2, 4]
    for number, s in enumerate((1, 2, 4)):
        mixed = [
            len(set(inside[row : row + s + 1, column : column + s + 1].ravel().tolist())) == 2
            for row in range(0, 69 // s * s, s)
            for column in range(0, 82 // s * s, s)
        ]
        assert boxes.unlike[number] == pytest.approx(np.mean(mixed), abs=1e-12)
        up = [inside[i, j] != inside[i + s, j] for i in range(70 - s) for j in range(83)]
        right = [inside[i, j] != inside[i, j + s] for i in range(70) for j in range(83 - s)]
        expected = (np.mean(up) + np.mean(right)) / 2
        assert pairs.unlike[number] == pytest.approx(expected, abs=1e-12)


def test_distances_end_where_too_few_fit() -> None:
    side = 8 * FEWEST
    assert mixed_boxes(np.zeros((side + 1, 5 * side), bool)).distances.tolist() == [1, 2, 4, 8]
    assert mixed_boxes(np.zeros((side, 5 * side), bool)).distances.tolist() == [1, 2, 4]
    assert unlike_pairs(np.zeros((side, 5 * side), bool)).distances.tolist() == [1, 2, 4, 8]


def test_local_dimensions_are_those_from_distance_to_distance() -> None:
    shares = unlike_pairs(KNOWN["Weierstrass 1.5"][0])
    expected = [2 - np.log2(b / a) for a, b in zip(shares.unlike, shares.unlike[1:], strict=False)]
    np.testing.assert_allclose(shares.local, expected, rtol=1e-12)
    last_two = shares.dimension(least=int(shares.distances[-2]))
    assert last_two == pytest.approx(expected[-1])
