"""A network at every step: what single readings say of it, windows, and what cannot be followed."""

from typing import Any

import numpy as np
import pytest

from dynstudy.config import Configuration, Replicate
from dynstudy.errors import DynstudyError
from dynstudy.launch.every_step import every_step, first_instability
from dynstudy.launch.replicates import to_arrays, trained
from dynstudy.measure.periods import local_periods
from dynstudy.protocol import Protocol
from dynstudy.train import Curvature, train
from dynstudy.train.floquet import multipliers

UNSTABLE = Configuration("dce", 20, 2.0, amplitude=30, period=800)
STABLE = Configuration("dce", 3, 0.01, amplitude=30, period=100)
CALM = Configuration("ce", 3, 0.01)


def protocol(**changes: Any) -> Protocol:
    data = {"points_per_class": 20, "validation_points_per_class": 30}
    return Protocol.model_validate({"steps": 2400, "tail": 0, "data": data} | changes)


@pytest.mark.parametrize("backend", ["cpu", pytest.param("autograd", marks=pytest.mark.long)])
def test_a_row_is_what_a_training_to_that_step_gives(backend: str) -> None:
    double = protocol(dtype="float64", steps=400, tail=0)
    network = Configuration("dce", 9, 2.0, amplitude=30, period=100)
    frame = every_step(network, double, (130, 230), seed=3, floquet=True, backend=backend)
    assert frame.step.tolist() == list(range(130, 230))
    assert frame.branch.tolist() == [k % 4 for k in range(130, 230)]
    ensemble, data = to_arrays([Replicate(network, 3)], double)
    for step in (130, 171, 229):
        outcome = train(ensemble, data, backend=backend, checkpoints=[step], trace=True)
        row = frame.set_index("step").loc[step]
        assert row.loss == pytest.approx(outcome.losses[0, step])
        assert row.train_accuracy == outcome.correct[0, 0].sum() / 60
        assert row.val_accuracy == outcome.validation_correct[0, 0].sum() / 90
        _, _, there = trained([Replicate(network, 3)], double, steps=step, checkpoints=[1])
        (multiplier,) = multipliers(ensemble, data, there.parameters, step)
        assert row.multiplier == pytest.approx(multiplier.real, rel=1e-3)
        assert row.imaginary == pytest.approx(multiplier.imag, abs=1e-3)


@pytest.mark.long
def test_multipliers_are_read_at_a_hundred_steps_of_every_phase() -> None:
    frame = every_step(UNSTABLE, protocol(), (200, 500), seed=2, floquet=True)
    read = frame[np.isfinite(frame.multiplier)]
    assert 90 <= len(read) <= 110
    assert set(read.branch) == {0, 1, 2, 3}
    unread = every_step(UNSTABLE, protocol(), (200, 500), seed=2)
    assert unread.multiplier.isna().all()
    assert unread.drop(columns=["multiplier", "imaginary"]).equals(
        frame.drop(columns=["multiplier", "imaginary"])
    )


def test_a_network_at_rest_has_one_branch_and_beyond_its_onset_two() -> None:
    frame = every_step(UNSTABLE, protocol(), (0, 770), seed=0)
    np.testing.assert_array_equal(frame.cycle, local_periods(frame.loss))
    assert set(frame.cycle[:400]) == {1}
    assert set(frame.cycle[520:740]) == {2}
    assert abs(np.diff(frame.loss[520:740]) / frame.loss[520:739]).mean() > 0.01


def test_the_window_begins_before_the_first_onset_and_ends_with_its_turn() -> None:
    alone = [Replicate(UNSTABLE, 2)]
    asked = Curvature(onsets=True)
    onset = trained(alone, protocol(), checkpoints=[1], curvature=asked)[2].onsets.first[0]
    first, last = first_instability(UNSTABLE, protocol(), seed=2)
    assert last == (onset // 800 + 1) * 800
    assert first == onset - max((last - onset) // 4, 64)
    # the turn is over within a few steps: a window is long enough all the same
    short = Configuration("dce", 20, 2.0, amplitude=30, period=int(onset) + 3)
    first, last = first_instability(short, protocol(), seed=2)
    assert last - first >= 64
    assert every_step(short, protocol(), (first, last), seed=2).step.tolist() == list(
        range(first, last)
    )


def test_the_window_of_a_static_loss_and_of_a_tail_ends_with_training() -> None:
    static = Configuration("mse", 9, 0.45)
    first, last = first_instability(static, protocol(steps=600), seed=0)
    assert first > 0
    assert last == 600
    in_tail = Configuration("dmse1", 9, 0.45, amplitude=1.001, period=50)
    _, last = first_instability(in_tail, protocol(steps=600, tail=500), seed=0)
    assert last == 600


def test_an_onset_in_the_very_last_steps_still_has_a_window() -> None:
    static = Configuration("mse", 9, 0.45)
    asked = Curvature(onsets=True)
    alone = [Replicate(static, 0)]
    onset = trained(alone, protocol(steps=600), checkpoints=[1], curvature=asked)[2].onsets.first[0]
    ends = int(onset) + 2
    first, last = first_instability(static, protocol(steps=ends), seed=0)
    assert last == ends
    assert len(every_step(static, protocol(steps=ends), (first, last), seed=0)) >= 64


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((300, 300), "--steps 300:300: an empty window"),
        ((500, 300), "--steps 500:300: an empty window"),
        ((2300, 2401), "--steps 2300:2401: beyond the end; training takes 2400 steps"),
        ((5000, 6000), "beyond the end"),
        ((100, 163), "too short to tell a period; it takes at least 64 steps"),
    ],
)
def test_a_window_that_is_none_is_refused(steps: tuple[int, int], said: str) -> None:
    with pytest.raises(DynstudyError, match=said):
        every_step(STABLE, protocol(), steps, seed=0)
    assert len(every_step(STABLE, protocol(), (100, 164), seed=0)) == 64


@pytest.mark.parametrize("network", [STABLE, CALM])
def test_a_network_without_an_instability_says_how_to_look_at_it(network: Configuration) -> None:
    with pytest.raises(DynstudyError, match=r"no instability sets in within its 300 steps; .*--st"):
        first_instability(network, protocol(steps=300), seed=0)


def test_a_network_that_diverges_ends_there() -> None:
    wild = Configuration("mse", 9, 1e6)
    with pytest.raises(DynstudyError, match=r"within \d steps, where it diverges"):
        first_instability(wild, protocol(steps=300), seed=0)
    with pytest.raises(DynstudyError, match=r"diverged after \d steps, too soon .*from step 0 on"):
        every_step(wild, protocol(steps=300), (0, 200), seed=0)
    later = Configuration("dmse2", 9, 1.17, amplitude=4, period=100)
    frame = every_step(later, protocol(steps=300, tail=0), (0, 300), seed=0, floquet=True)
    assert 64 < len(frame) < 300
    assert np.isfinite(frame.loss).all()
    assert (frame.train_accuracy >= 0).all()
