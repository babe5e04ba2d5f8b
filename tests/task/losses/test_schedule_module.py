"""The schedule as a PyTorch module."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
import torch._dynamo.testing
from torch import nn

from dynstudy.task.losses.schedule_module import Schedule
from dynstudy.task.schedule import SCHEDULES, class_weights

CASES = [(3, 70, 50, None), (7, 1e6, 33, 1234), (2, 13.7, 2, 0), (10, 1, 9, 100)]


@pytest.mark.parametrize("kind", SCHEDULES)
@pytest.mark.parametrize("settings", CASES, ids=str)
def test_its_weights_are_those_of_the_engine_bit_for_bit(settings: Any, kind: str) -> None:
    schedule = Schedule(*settings, kind=kind)
    steps = np.r_[np.arange(2000), 10**12 + np.arange(200)]
    expected = class_weights(steps, *settings, kind)
    for given in (steps, torch.tensor(steps), steps.tolist()):
        np.testing.assert_array_equal(schedule(given, torch.float64), expected)
    assert schedule(5).dtype == torch.float32
    np.testing.assert_array_equal(schedule(5), expected[5].astype(np.float32))


def test_it_counts_when_it_is_asked_to_and_goes_on_from_its_state() -> None:
    schedule = Schedule(3, 9, 10, tail_start=4)
    seen = []
    for _ in range(6):
        assert torch.equal(schedule(), schedule(len(seen)))
        seen.append(schedule.in_tail)
        schedule.step()
    assert seen == [False] * 4 + [True] * 2
    assert not Schedule(3, 9, 10).in_tail
    again = Schedule(3, 9, 10, tail_start=4)
    again.load_state_dict(schedule.state_dict())
    assert schedule.state_dict() == {"steps": torch.tensor(6)}
    copied = copy.deepcopy(again)
    copied.step()
    assert (int(again.steps), int(copied.steps)) == (6, 7)


@pytest.mark.parametrize("count", [-1, 2.5, float("nan")])
def test_a_state_that_counts_no_steps_is_not_loaded(count: float) -> None:
    inside = nn.ModuleDict({"schedule": Schedule(3, 9, 10)})
    with pytest.raises(ValueError, match="step must be a whole number of at least 0, not tensor"):
        inside.load_state_dict({"schedule.steps": torch.tensor(count)})


@pytest.mark.parametrize("step", [-1, 1.5, "3", [0, -1], [0.5], 2**63, float("inf"), [None]])
def test_steps_are_whole_numbers(step: Any) -> None:
    schedule = Schedule(3, 9, 10)
    with pytest.raises(ValueError, match="step must be a whole number of at least 0, not"):
        schedule(step)


def test_on_another_device_it_is_computed_there_and_nothing_is_looked_at() -> None:
    schedule = Schedule(3, 9, 10, tail_start=40).to("meta")
    schedule.step()
    for step in (None, 7, torch.tensor([1, 2]), torch.tensor([1, 2], device="meta")):
        assert schedule(step).device.type == "meta"


def test_made_without_memory_it_has_all_but_its_count() -> None:
    with torch.device("meta"):
        schedule = Schedule(3, 70, 50, tail_start=300)
    schedule.to_empty(device="cpu")
    schedule.load_state_dict({"steps": torch.tensor(75)})
    assert torch.equal(schedule(), Schedule(3, 70, 50, tail_start=300)(75))


def test_what_it_was_made_from_can_be_read_and_not_be_changed_unheard() -> None:
    schedule = Schedule(3, 70.1, 50, tail_start=300, kind="sine")
    settings = schedule.amplitude, schedule.period, schedule.tail_start, schedule.kind
    assert settings == (70.1, 50, 300, "sine")
    assert Schedule(3, 9, 10).tail_start is None
    assert repr(schedule) == "Schedule(3, amplitude=70.1, period=50, tail_start=300, kind='sine')"
    for name in ("amplitude", "period", "tail_start"):
        with pytest.raises(AttributeError):
            setattr(schedule, name, 5)


def test_no_cast_makes_it_coarser() -> None:
    schedule = Schedule(3, 70.1, 1001)
    expected = schedule(70_000, torch.float64)
    for cast in (schedule.half, schedule.bfloat16, schedule.float):
        assert torch.equal(cast()(70_000, torch.float64), expected)


def test_compiled_with_the_number_of_a_step_it_is_not_compiled_for_each() -> None:
    torch._dynamo.reset()
    graphs = torch._dynamo.testing.CompileCounter()
    schedule = Schedule(3, 70, 50, tail_start=300)
    compiled = torch.compile(schedule, backend=graphs, fullgraph=True)
    for step in (0, 1, 2, 25, 299, 300, 1000):
        assert torch.equal(compiled(step), schedule(step))
    assert graphs.frame_count <= 3  # 0, 1 and what is neither
