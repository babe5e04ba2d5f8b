from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynstudy.errors import SpecError, StudyMismatchError
from dynstudy.store.studies import Storage
from dynstudy.study.kinds.map import MapSpec
from dynstudy.study.rounds import Rounds
from dynstudy.study.spec import StudySpec
from tests.planted import SEARCH, SMALL

ROUNDS = {"min": 6, "max": 50}


@given(st.integers(6, 500), st.integers(1, 5000))
def test_looks_rise_from_the_least_to_the_most_in_about_equal_ratios(low: int, more: int) -> None:
    looks = Rounds(min=low, max=low + more).looks
    assert (looks[0], looks[-1]) == (low, low + more)
    ratio = (looks[-1] / looks[0]) ** (1 / (len(looks) - 1))
    assert 1.2 < ratio < 1.9 or len(looks) == 2
    for before, after in pairwise(looks):
        assert after > before
        assert abs(after - before * ratio) <= 0.5 + 0.5 * ratio  # both are rounded


def test_a_map_may_have_rounds() -> None:
    spec = StudySpec.of(SMALL | {"replicates": ROUNDS})
    assert isinstance(spec, MapSpec)
    assert spec.rounds == Rounds(min=6, max=50)
    assert (spec.fewest_replicates, spec.most_replicates) == (6, 50)
    assert spec.baseline_replicates == 200
    assert {cell.replicates for cell in spec.grid_cells()} == {200, 50}
    assert spec.resolved()["replicates"] == ROUNDS
    assert StudySpec.of(spec.resolved()) == spec


@pytest.mark.parametrize(
    ("replicates", "message"),
    [
        ({"min": 5, "max": 50}, "min = 5: must be at least 6, below which nothing is tested"),
        ({"min": 6, "max": 6}, "max = 6: must be above min = 6"),
        ({"min": 9, "max": 6}, "max = 6: must be above min = 9"),
        ({"min": 6}, "rounds need min and max; max is missing"),
        ({"min": 6, "mx": 9}, "unknown key 'mx'; did you mean 'max'"),
        ({"min": 6.5, "max": 9}, "min = 6.5: must be a whole number"),
        ({"min": 6, "max": True}, "max = true: must be a whole number"),
        ({"min": 6, "max": 10**9}, "must be at most 100000"),
        ([6, 50], "must be a whole number"),
    ],
)
def test_wrong_rounds_say_what_is_allowed(replicates: Any, message: str) -> None:
    with pytest.raises(SpecError, match="replicates = ") as raised:
        StudySpec.of(SMALL | {"replicates": replicates})
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_baseline_has_four_times_the_most() -> None:
    with pytest.raises(SpecError, match=r"at least 4 x replicates\.max = 200"):
        StudySpec.of(SMALL | {"replicates": ROUNDS, "baseline_replicates": 199})


def test_a_search_has_no_rounds() -> None:
    with pytest.raises(SpecError, match="must be a whole number; replicates in rounds belong to a"):
        StudySpec.of(SEARCH | {"replicates": ROUNDS})


def test_a_map_in_rounds_does_not_grow(storage: Storage) -> None:
    """Its cells were settled beside each other: with more of them the tests would be others."""
    small = SMALL | {"replicates": ROUNDS}
    storage.open_study(StudySpec.of(small))
    space = SMALL["space"] | {"amplitude": [3, 30, 300]}
    with pytest.raises(StudyMismatchError, match="give the study file a new name"):
        storage.open_study(StudySpec.of(small | {"space": space}), extend=True)
