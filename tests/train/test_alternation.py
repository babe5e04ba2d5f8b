"""Onsets of instabilities: the rule written naively, both backends, and what it is to find."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from dynstudy.arrays import Array
from dynstudy.task.losses import LOSSES
from dynstudy.task.schedule import class_weights
from dynstudy.train import Curvature, Data, Ensemble, Parameters, train
from dynstudy.train.alternation import ENDS, SETS_IN, alternation
from tests.conftest import make_data
from tests.train.oracle import NAMES

BACKENDS = ("autograd", "cpu")


def gradients(ensemble: Ensemble, data: Data, network: int) -> Array:
    """(S, N) of every step of one network, followed by itself, step by step."""
    width = int(ensemble.width[network])
    drawn = Parameters.drawn(ensemble, data.classes)
    parts = [torch.tensor(getattr(drawn, name)[network]) for name in NAMES]
    tensors = [parts[0][:, :width], parts[1][:width], parts[2][:width], parts[3]]
    x, y = torch.tensor(data.x[0]), torch.tensor(data.y)
    rows = []
    for step in range(ensemble.steps):
        gamma = class_weights(
            step, data.classes, ensemble.amplitude, ensemble.period, ensemble.tail_start
        )[network]  # fmt: skip
        tensors = [tensor.detach().requires_grad_() for tensor in tensors]
        W1, b1, W2, b2 = tensors
        output = torch.relu(x @ W1 + b1) @ W2 + b2
        loss = LOSSES[ensemble.loss].weighted(output, y, torch.tensor(gamma))
        of_step = torch.autograd.grad(loss, tensors)
        rows.append(torch.cat([part.flatten() for part in of_step]).numpy())
        rate = float(ensemble.learning_rate[network])
        tensors = [t - rate * g for t, g in zip(tensors, of_step, strict=True)]
    return np.array(rows)


def naive(rows: Array) -> tuple[int, int, int]:
    """First onset, its end, and how many, from the gradients of all steps."""
    lengths = np.linalg.norm(rows, axis=1)
    cosines = (rows[1:] * rows[:-1]).sum(1) / (lengths[1:] * lengths[:-1])
    first, first_end, count, lasts = -1, -1, 0, False
    for step, average in enumerate(alternation(cosines), 1):
        if not lasts and average < SETS_IN:
            lasts, count = True, count + 1
            first = step if first < 0 else first
        elif lasts and average > ENDS:
            lasts = False
            first_end = step if first_end < 0 else first_end
    return first, first_end, count


# the first of each becomes unstable, once and for good, or again and again; the second never does
CASES = {
    "mse": Ensemble.of("mse", 390, width=[9, 5], learning_rate=[0.35, 0.05], dtype="float64"),
    "dce": Ensemble.of(
        "dce", 350, width=[12, 5], learning_rate=[5, 1], amplitude=4, period=60, dtype="float64"
    ),
    "dce, again": Ensemble.of(
        "dce", 250, width=[12, 5], learning_rate=[12, 1], amplitude=25, period=150, dtype="float64"
    ),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_onsets_are_those_of_the_rule(name: str, backend: str) -> None:
    ensemble, data = CASES[name], make_data(points=20, validation_points=3)
    expected = [naive(gradients(ensemble, data, b)) for b in range(2)]
    assert [count > 0 for _, _, count in expected] == [True, False]
    outcome = train(
        ensemble, data, backend=backend, checkpoints=[1], curvature=Curvature(onsets=True)
    )
    onsets = outcome.onsets
    seen = list(zip(onsets.first, onsets.first_end, onsets.count, strict=True))
    assert seen == expected
    unwatched = train(ensemble, data, backend=backend, checkpoints=[1])
    np.testing.assert_array_equal(outcome.parameters.W1, unwatched.parameters.W1)
    assert len(unwatched.onsets.first) == 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_eigenvalues_at_the_onset_are_those_of_looking_there(backend: str) -> None:
    ensemble, data = CASES["dce"], make_data(points=20, validation_points=3)
    watched = train(
        ensemble, data, backend=backend, checkpoints=[1], curvature=Curvature(onsets=True)
    ).onsets
    step = int(watched.first[0])
    there = train(
        ensemble, data, backend=backend, checkpoints=[1], curvature=Curvature((step, step + 1), 1)
    ).spectra.values[0, :, 0]
    np.testing.assert_allclose(watched.eigenvalues[0], there, rtol=1e-5)
    censored = watched.first < 0
    assert np.isnan(watched.eigenvalues[censored]).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_until_onset_ends_a_network_there_and_no_other(backend: str) -> None:
    ensemble, data = CASES["mse"], make_data(points=20, validation_points=3)
    whole, ended = (
        train(
            ensemble,
            data,
            backend=backend,
            checkpoints=[ensemble.steps],
            curvature=Curvature(onsets=True, until_onset=until),
        )
        for until in (False, True)
    )
    first = int(whole.onsets.first[0])
    assert whole.onsets.first[1] == -1
    np.testing.assert_array_equal(ended.onsets.first, whole.onsets.first)
    np.testing.assert_array_equal(ended.onsets.eigenvalues, whole.onsets.eigenvalues)
    short = replace(ensemble, steps=first + 1)
    until_there = train(short, data, backend=backend, checkpoints=[1])
    np.testing.assert_allclose(ended.parameters.W1[0], until_there.parameters.W1[0], rtol=1e-12)
    np.testing.assert_array_equal(ended.parameters.W1[1], whole.parameters.W1[1])
    assert (ended.correct[0, 0] == -1).all()  # it never came to its last step
    assert (ended.correct[1, 0] >= 0).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_is_read_of_networks_that_have_ended(backend: str) -> None:
    ensemble = replace(CASES["mse"], width=np.array([9, 9]), learning_rate=np.array([0.35, 0.35]))
    watched = Curvature((0, 389, 390), 1, climbs=True, onsets=True, until_onset=True)
    steps: list[int] = []
    outcome = train(
        ensemble,
        make_data(points=20, validation_points=3),
        backend=backend,
        checkpoints=[0, 390],
        trace=True,
        curvature=watched,
        progress=steps.append,
    )
    first = outcome.onsets.first
    assert (first > 300).all()
    assert steps[-1] == 390  # all of them ended before
    assert np.isfinite(outcome.spectra.values[:, 0]).all()
    assert np.isnan(outcome.spectra.values[:, 1:]).all()
    assert (outcome.correct[:, 0] >= 0).all()
    assert (outcome.correct[:, 1] == -1).all()
    np.testing.assert_array_equal(np.isfinite(outcome.losses).sum(1), first + 1)
    np.testing.assert_array_equal(outcome.climbs.steps, first)  # all but the very last one
