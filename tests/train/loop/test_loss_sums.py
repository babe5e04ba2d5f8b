"""Sums of the loss along training: those of a trace, without a number for every step."""

import numpy as np
import pytest

from dynstudy.task.losses import LOSSES
from dynstudy.train import Curvature, Ensemble, Outcome, train
from tests.conftest import make_data
from tests.train.oracle import NAMES

STEPS = (0, 1, 7, 8, 40, 60)
DATA = make_data(points=20, validation_points=3)


def ensemble(loss: str, dtype: str, learning_rate: float = 0.1) -> Ensemble:
    static = not LOSSES[loss].dynamical
    return Ensemble.of(
        loss,
        60,
        width=[9, 5, 9],
        learning_rate=learning_rate,
        amplitude=1.0 if static else 25.0,
        period=20,
        tail_start=0 if static else 40,
        seed=[0, 1, 2],
        dtype=dtype,
    )


def trained(networks: Ensemble, backend: str, curvature: Curvature | None) -> Outcome:
    return train(networks, DATA, backend=backend, checkpoints=[60], trace=True, curvature=curvature)


def assert_sums(networks: Ensemble, backend: str, asked: Curvature, tolerance: float) -> None:
    """They are those of a trace, and nothing is trained otherwise."""
    summed, traced = (trained(networks, backend, each) for each in (asked, None))
    losses = np.concatenate([np.zeros((3, 1)), traced.losses], 1)
    np.testing.assert_allclose(summed.loss_sums, losses.cumsum(1)[:, STEPS], rtol=tolerance)
    assert traced.loss_sums.shape == (3, 0)
    for name in NAMES:
        before = getattr(traced.parameters, name)
        np.testing.assert_array_equal(getattr(summed.parameters, name), before)


@pytest.mark.parametrize("backend", ["autograd", "cpu"])
@pytest.mark.parametrize("loss", LOSSES)
def test_sums_are_those_of_the_losses_before_each_step(loss: str, backend: str) -> None:
    assert_sums(ensemble(loss, "float64"), backend, Curvature(loss_steps=STEPS), 1e-12)


@pytest.mark.parametrize("backend", ["autograd", "cpu"])
def test_they_are_the_same_beside_all_else_that_is_read(backend: str) -> None:
    asked = Curvature((3,), climbs=True, onsets=True, loss_steps=STEPS)
    assert_sums(ensemble("dce", "float32"), backend, asked, 1e-5)
    networks = ensemble("dce", "float64")
    summed, alone = (
        trained(networks, backend, Curvature(climbs=True, loss_steps=steps))
        for steps in (STEPS, ())
    )
    np.testing.assert_array_equal(summed.climbs.uphill, alone.climbs.uphill)
    np.testing.assert_array_equal(summed.climbs.steps, alone.climbs.steps)


@pytest.mark.parametrize("backend", ["autograd", "cpu"])
def test_a_network_that_diverged_has_none_from_there_on(backend: str) -> None:
    networks = ensemble("mse", "float64", 1e3)
    every = Curvature(loss_steps=tuple(range(61)))
    outcome = trained(networks, backend, every)
    assert outcome.diverged.all()
    for b, diverged_at in enumerate(outcome.diverged_at):
        read = outcome.loss_sums[b, :diverged_at]
        expected = [0.0, *outcome.losses[b, : diverged_at - 1].cumsum()]
        np.testing.assert_allclose(read, expected, rtol=1e-12)
        assert np.isnan(outcome.loss_sums[b, diverged_at + 1 :]).all()


@pytest.mark.parametrize("backend", ["autograd", "cpu"])
def test_a_network_that_ended_with_its_onset_has_none_from_there_on(backend: str) -> None:
    networks = ensemble("mse", "float64", 1.0)
    every = Curvature(onsets=True, until_onset=True, climbs=True, loss_steps=tuple(range(61)))
    outcome = trained(networks, backend, every)
    first = int(outcome.onsets.first[2])
    assert first > 0
    assert np.isfinite(outcome.loss_sums[2, : first + 1]).all()
    assert np.isnan(outcome.loss_sums[2, first + 1 :]).all()


@pytest.mark.parametrize("steps", [(5, 3), (3, 3), (-1, 3)])
def test_steps_that_do_not_ascend_are_refused(steps: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="must ascend from 0"):
        Curvature(loss_steps=steps)


def test_steps_beyond_the_end_are_refused() -> None:
    with pytest.raises(ValueError, match="at step 61 is beyond the last, 60"):
        trained(ensemble("ce", "float64"), "cpu", Curvature(loss_steps=(3, 61)))
