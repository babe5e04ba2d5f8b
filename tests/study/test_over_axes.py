"""What studies over axes have to fit in, and how they are told."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynstudy.config import Configuration
from dynstudy.errors import SpecError
from dynstudy.measure.measures import reads
from dynstudy.measure.window import tail_start
from dynstudy.protocol import Protocol
from dynstudy.task.schedule import oscillations
from tests.planted import SEARCH, SMALL, SpecMaker, small_map, small_search

SPACE = {"learning_rate": 1.0, "amplitude": [1, 3, 30], "period": [10, 30], "width": [5, 9]}


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


def test_baselines_add_themselves_come_first_and_nothing_is_listed_twice(
    make_spec: SpecMaker,
) -> None:
    cells = list(make_spec(loss=["ce", "dce", "dmse1", "dmse2"], space=SPACE).grid_cells())
    configurations = [cell.configuration for cell in cells]
    assert max(Counter(configurations).values()) == 1
    static = [c for c in configurations if c.static]
    assert configurations[: len(static)] == static
    assert Counter(c.loss for c in static) == {"ce": 2, "mse": 2}  # one for DMSE1 and DMSE2
    # three losses, two widths, A = 3 and 30 (A = 1 is the baseline), two periods
    assert len(configurations) - len(static) == 3 * 2 * 2 * 2


def test_a_baseline_has_its_replicates_and_is_read_wherever_its_cells_are(
    make_spec: SpecMaker,
) -> None:
    baseline, *dynamical = make_spec().grid_cells()
    assert baseline.replicates == 8
    assert {cell.replicates for cell in dynamical} == {2}
    for cell in dynamical:
        assert set(cell.reads) <= set(baseline.reads)


def test_amplitude_1_is_the_static_loss() -> None:
    static = Configuration("mse", 5, 0.1)
    assert Configuration("dmse1", 5, 0.1, amplitude=1, period=10) == static
    assert Configuration("dmse2", 5, 0.1, amplitude=1.0, period=99) == static
    assert Configuration("mse", 5, 0.1, amplitude=7, period=10) == static


@given(
    steps=st.integers(1, 10**6),
    tail=st.one_of(st.integers(0, 10**6), st.sampled_from(["period", "none"])),
    period=st.integers(2, 10**5),
)
def test_reads_lie_within_the_training_and_include_the_step_before_the_tail_and_the_end(
    steps: int, tail: int | str, period: int
) -> None:
    protocol = Protocol(steps=steps, tail=tail)
    if not oscillations(steps, tail, period):
        return
    steps_read = reads(protocol, (period,))
    assert list(steps_read) == sorted(set(steps_read))
    assert steps_read[0] > 0
    assert steps_read[-1] == steps
    assert tail_start(protocol, Configuration("dce", 5, 1.0, 3, period)) in steps_read
