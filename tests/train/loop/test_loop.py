"""Slices and blocks: an ensemble is trained in parts, none of which can be seen in the outcome."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dynstudy.task.spiral import spiral
from dynstudy.train import Data, Ensemble, Parameters, train
from dynstudy.train.backends import block_size, cpu
from dynstudy.train.loop import SLICE_SECONDS, step_work
from tests.conftest import make_data

NAMES = ("W1", "b1", "W2", "b2")


def mixed() -> tuple[Ensemble, Data]:
    """Seven networks that differ in everything, on three training spirals."""
    sets = [spiral(40, 3, 2.0, 0.2, seed) for seed in range(3)]
    validation_x, validation_y = spiral(50, 3, 2.0, 0.2, 9)
    ensemble = Ensemble.of(
        "dmse2",
        60,
        width=[5, 30, 1, 12, 7, 30, 3],
        learning_rate=[0.1, 0.2, 0.1, 1e9, 0.1, 0.1, 0.1],  # the fourth diverges
        amplitude=[1, 2, 3, 4, 5, 6, 7],
        period=[2, 5, 7, 9, 10, 20, 30],
        tail_start=[0, 50, 56, 54, 60, 60, 60],
        seed=range(7),
        training_set=[2, 0, 1, 2, 0, 0, 2],
    )
    return ensemble, Data(np.stack([x for x, _ in sets]), sets[0][1], validation_x, validation_y)


@pytest.mark.parametrize("given", [False, True], ids=["drawn", "given"])
@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_the_blocks_it_is_trained_in_change_nothing(
    size: int, given: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensemble, data = mixed()
    initial = None
    if given:
        drawn = Parameters.drawn(ensemble, data.classes)
        initial = Parameters.of_layers(*(0.5 * array for array in drawn.arrays.values()))
    checkpoints = np.tile([0, 7, 60], (7, 1))
    checkpoints[2] = [5, -1, -1]

    def trained() -> Any:
        return train(
            ensemble, data, backend="cpu", checkpoints=checkpoints, initial=initial, trace=True
        )

    whole = trained()
    monkeypatch.setattr(cpu, "block_size", lambda: size)
    cut = trained()
    for name in NAMES:
        np.testing.assert_array_equal(
            getattr(cut.parameters, name), getattr(whole.parameters, name)
        )
    for name in ("correct", "validation_correct", "losses", "diverged_at"):
        np.testing.assert_array_equal(getattr(cut, name), getattr(whole, name))
    assert whole.diverged.tolist() == [False, False, False, True, False, False, False]


def test_progress_is_the_mean_over_networks_and_ends_at_the_last_step(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpu, "block_size", lambda: 2)
    monkeypatch.setattr("dynstudy.train.loop.SLICE_SECONDS", 1e-9)  # a step at a time
    networks = Ensemble.of("ce", 10, width=[3] * 5, learning_rate=0.1)
    reported: list[int] = []
    train(networks, data, backend="cpu", checkpoints=[10], progress=reported.append)
    steps = [*range(2, 21, 2), *range(22, 41, 2), *range(41, 51)]  # of all five together
    assert reported == [count // 5 for count in steps]


def test_what_progress_raises_stops_before_the_next_block_is_begun(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpu, "block_size", lambda: 2)
    begun = []
    drawn = Parameters.drawn
    monkeypatch.setattr(
        Parameters, "drawn", lambda part, *shape: begun.append(len(part)) or drawn(part, *shape)
    )

    def stop(_step: int) -> None:
        raise KeyboardInterrupt

    networks = Ensemble.of("ce", 10, width=[3] * 9, learning_rate=0.1)
    with pytest.raises(KeyboardInterrupt):
        train(networks, data, backend="cpu", checkpoints=[10], progress=stop)
    assert begun == [2]


def test_a_slice_is_short_also_where_a_block_is_much_wider_than_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A machine of a steady pace, whose clock stands but for what it trains."""
    clock, seconds = [0.0], []
    width = np.array([8] * 50 + [800] * 50)

    def start(part: Ensemble, *_: Any) -> Any:
        parameters = Parameters.of_layers(*(np.zeros((len(part), 1, 1)) for _ in range(4)))
        return SimpleNamespace(
            name="steady", device="none", part=part, parameters=lambda: parameters
        )

    def advance(state: Any, _step: int, count: int) -> None:
        seconds.append(step_work(state.part.width) * count / 1e5)
        clock[0] += seconds[-1]

    monkeypatch.setattr("dynstudy.train.loop.able", lambda backend, _: backend)
    monkeypatch.setattr("dynstudy.train.loop.load", lambda _: (start, advance))
    monkeypatch.setattr("dynstudy.train.loop.block_size", lambda _: 10)
    monkeypatch.setattr("dynstudy.train.loop.time.perf_counter", lambda: clock[0])
    monkeypatch.setattr("dynstudy.train.loop.Parameters.joined", lambda parts: parts[0])
    networks = Ensemble.of("ce", 1000, width=width.tolist(), learning_rate=0.1)
    train(networks, make_data(), backend="steady", checkpoints=[1000])
    assert sum(seconds) == pytest.approx(step_work(width) * 1000 / 1e5)
    assert max(seconds) <= SLICE_SECONDS * (1 + 1e-9)
    full = [each for each in seconds if each > SLICE_SECONDS / 2]
    assert sum(full) > 0.95 * sum(seconds)  # and no shorter than they need be


def test_only_backends_that_gain_by_it_are_given_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNSTUDY_THREADS", "3")
    assert block_size("cpu") == 3 * cpu.BLOCK
    assert block_size("autograd") == 256
    assert block_size("autograd:cuda") is None
    assert block_size("gpu") is None


def test_parameters_are_joined_as_wide_as_the_widest() -> None:
    ensemble, data = mixed()
    drawn = Parameters.drawn(ensemble, data.classes)
    parts = [slice(0, 1), slice(1, 4), slice(4, 7)]
    alone = [Parameters.drawn(ensemble.part(part), data.classes) for part in parts]
    joined = Parameters.joined(alone)
    for name in NAMES:
        np.testing.assert_array_equal(getattr(joined, name), getattr(drawn, name))


def test_the_work_of_a_step_is_that_of_all_its_networks() -> None:
    assert step_work(20) == 28
    assert step_work([20, 100]) == 28 + 108
