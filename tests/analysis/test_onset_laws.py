"""Power laws through onsets whose exponents are known."""

import math

import numpy as np
import pytest

from dynstudy.analysis.onset_laws import (
    CURVED,
    NOT_REJECTED,
    ONE_EXPONENT,
    ONE_VARIABLE,
    OWN,
    REJECTED,
    empty_row,
    law_band,
    own_law,
    shared_laws,
)
from dynstudy.analysis.onsets import Onsets
from tests.analysis.planted_onsets import AMPLITUDES, PERIODS


def planted_onsets(seed: int, b: float, sd: float, a: float = 1.5) -> Onsets:
    """Onsets that scatter about e^a T^b, as the grid shows them."""
    noise = np.random.default_rng(seed).normal(0, sd, len(PERIODS))
    true = np.exp(a + b * np.log(PERIODS) + noise)
    ends = np.r_[0, AMPLITUDES, np.inf]
    index = np.searchsorted(AMPLITUDES, true)
    return Onsets(PERIODS, ends[index], ends[index + 1])


@pytest.mark.parametrize(
    ("b", "sd"),
    [
        (0.5, 0.15),
        pytest.param(0.5, 0.3, marks=pytest.mark.long),
        pytest.param(0.9, 0.3, marks=pytest.mark.long),
    ],
)
def test_intervals_hold_planted_exponents_as_often_as_they_claim(b: float, sd: float) -> None:
    held, exponents = [], []
    for seed in range(50):
        law, row = own_law(planted_onsets(seed, b, sd, a=0.5))
        assert law is not None
        held.append(row["period_exponent_low"] <= b <= row["period_exponent_high"])
        exponents.append(row["period_exponent"])
    assert np.mean(held) >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 50)
    assert np.mean(exponents) == pytest.approx(b, abs=0.08)


def test_the_band_of_a_law_holds_it_and_is_narrowest_inside() -> None:
    panel = planted_onsets(0, 0.6, 0.2)
    law, row = own_law(panel)
    assert law is not None
    at = np.array([30.0, 300, 3000])
    middle, low, high = law_band(panel, law, at)
    assert middle == pytest.approx(row["factor"] * at ** row["period_exponent"])
    assert (low < middle).all()
    assert (middle < high).all()
    assert (high / low)[1] < min((high / low)[[0, 2]])


def test_without_enough_onsets_inside_there_is_no_law() -> None:
    beyond = Onsets(PERIODS, np.full(len(PERIODS), 3000.0), np.full(len(PERIODS), np.inf))
    law, row = own_law(beyond)
    assert law is None
    assert row == empty_row(OWN) | {
        "against": CURVED,
        "says": "no fit: 0 of 7 onsets lie inside the map",
    }
    assert own_law(planted_onsets(0, 0.6, 0.2))[1].keys() == row.keys()


def test_laws_that_panels_share_are_tested_against_the_larger_one() -> None:
    alike = [planted_onsets(seed, 0.5, 0.2, a) for seed, a in ((0, 0.5), (1, 1.5), (2, 2.5))]
    rates = np.array([[-1.0], [0.0], [1.0]])  # log A* rises by 1 as log η does
    names = ("period_exponent", "rate_exponent")
    rows = list(shared_laws(alike, rates, names))
    assert [row["model"] for row in rows] == [OWN, ONE_EXPONENT, ONE_VARIABLE]
    assert [row["against"] for row in rows] == [CURVED, OWN, ONE_EXPONENT]
    assert {row["says"] for row in rows} == {NOT_REJECTED}
    assert rows[2]["rate_exponent_low"] < 1 < rows[2]["rate_exponent_high"]
    # not in order of the rates: no power of them serves
    *_, variable = shared_laws(alike, rates[[0, 2, 1]], names)
    assert variable["says"] == REJECTED
    assert list(shared_laws(alike[:1], rates[:1], names)) == []
    few = [Onsets(onsets.period[:2], onsets.low[:2], onsets.high[:2]) for onsets in alike[:2]]
    unfit = {row["says"] for row in shared_laws(few, rates[:2], names)}
    assert unfit == {"no fit: too few onsets lie inside the map"}
