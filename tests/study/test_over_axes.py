"""What studies over axes have to fit in, and how they are told."""

import pytest

from dynstudy.errors import SpecError
from tests.planted import SEARCH, SMALL, small_map, small_search


def test_the_axes_are_told_as_far_as_they_matter() -> None:
    assert small_map().axes_said() == (
        "2 amplitudes (3 to 30), 2 periods (10 to 30), width 5, learning rate 1"
    )
    static = small_map(loss="ce", space={"learning_rate": 1.0, "width": [5, 9]})
    assert static.axes_said() == "2 widths (5 to 9), learning rate 1"
    assert small_search().axes_said() == (
        "amplitude from 2 to 100, period from 10 to 50, 2 widths (3 to 5), learning rate 1"
    )


def test_the_widest_network_is_the_largest_that_may_come() -> None:
    space = SMALL["space"] | {"width": [9, 5]}
    assert small_map(space=space).widest == 9
    assert small_search().widest == 5
    assert small_search(space=SEARCH["space"] | {"width": {"low": 3, "high": 70}}).widest == 70


@pytest.mark.parametrize(
    ("protocol", "said"),
    [
        ({"steps": 200, "tail": 200}, "protocol.tail = 200: must be below protocol.steps = 200"),
        ({"steps": 79, "tail": 50}, "space.period = 30: no whole oscillation of 30 steps fits"),
        ({"steps": 59, "tail": "period"}, "space.period = 30: no whole oscillation"),
    ],
)
def test_at_least_one_oscillation_fits_before_the_tail(protocol: object, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        small_map(protocol=protocol)


@pytest.mark.parametrize("axis", ["amplitude", "period"])
def test_a_dynamical_loss_needs_a_schedule(axis: str) -> None:
    space = {name: values for name, values in SMALL["space"].items() if name != axis}
    with pytest.raises(SpecError, match=f"space.{axis} is missing; the dynamical losses need it"):
        small_map(space=space)
