"""One network over its first oscillations: what is read is what the engine and the rules say."""

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dynstudy.config import Configuration
from dynstudy.errors import BackendError, DynstudyError
from dynstudy.launch.first_oscillations import PAIRS, first_oscillations
from dynstudy.launch.replicates import Replicate, to_arrays
from dynstudy.measure.landscape import FirstOscillations
from dynstudy.protocol import Protocol
from dynstudy.study.shipped import shipped_file
from dynstudy.study.study_file import load_spec
from dynstudy.task.schedule import class_weights
from dynstudy.train import Curvature, Ensemble, Parameters, train
from dynstudy.train.alternation import ENDS, SETS_IN, alternation
from tests.train.test_alternation import gradients

CELL = Configuration("dmse2", 9, 0.4, amplitude=30, period=300)
PROTOCOL = Protocol.model_validate({
    "steps": 1000,
    "tail": "none",
    "dtype": "float64",
    "data": {"points_per_class": 20, "validation_points_per_class": 5},
})
SEED = 2  # whose network has three onsets


@pytest.fixture(scope="module")
def shown() -> FirstOscillations:
    return first_oscillations(CELL, PROTOCOL, seed=SEED, oscillations=3, backend="cpu")


def test_every_step_is_what_training_reads(shown: FirstOscillations) -> None:
    frame, end = shown.steps, 930
    assert frame.step.tolist() == list(range(end))
    ensemble, data = to_arrays([Replicate(CELL, SEED)], PROTOCOL)
    read = tuple(np.flatnonzero(frame.lambda_1.notna()).tolist())
    outcome = train(
        ensemble,
        data,
        backend="cpu",
        checkpoints=np.arange(end),
        trace=True,
        curvature=Curvature(read),
    )
    np.testing.assert_array_equal(frame.loss, outcome.losses[0, :end])
    np.testing.assert_array_equal(frame.train_accuracy, outcome.correct[0].sum(-1) / 60)
    np.testing.assert_array_equal(
        frame.loc[list(read), ["lambda_1", "lambda_2"]], outcome.spectra.values[0]
    )
    gamma = class_weights(np.arange(end), 3, 30, 300, 900)
    np.testing.assert_array_equal(frame[["gamma_0", "gamma_1", "gamma_2"]], gamma)


def test_onsets_are_those_of_the_rule(shown: FirstOscillations) -> None:
    ensemble, data = to_arrays([Replicate(CELL, SEED)], PROTOCOL)
    rows = gradients(replace(ensemble, steps=930), data, 0)
    lengths = np.linalg.norm(rows, axis=1)
    averages = alternation((rows[1:] * rows[:-1]).sum(1) / (lengths[1:] * lengths[:-1]))
    expected, lasts = [], False
    for step, average in enumerate(averages, start=1):
        if not lasts and average < SETS_IN:
            expected.append(step)
        lasts = average < SETS_IN or (lasts and average <= ENDS)
    assert len(expected) == 3
    assert list(shown.onsets) == expected
    assert shown.onsets_seen == 3


def test_eigenvalues_come_in_pairs_and_closely_near_onsets(shown: FirstOscillations) -> None:
    read = set(np.flatnonzero(shown.steps.lambda_1.notna()).tolist())
    assert len(read) == shown.eigenvalues_read
    assert all(k + 1 in read or k - 1 in read for k in read)
    near = [*shown.onsets, 900]
    assert all({*range(k - 12, k + 12)} <= read for k in near)
    long = first_oscillations(
        replace(CELL, learning_rate=0.01, period=4000),
        PROTOCOL.model_copy(update={"steps": 4000}),
        oscillations=1,
    )
    read = np.flatnonzero(long.steps.lambda_1.notna())
    assert long.onsets == ()
    assert len(read) < 2 * PAIRS + 200
    assert np.diff(read).max() == 3  # k, k + 1, k + 4


def test_slices_are_before_the_onset_there_after_it_and_at_the_last_switch(
    shown: FirstOscillations,
) -> None:
    first = shown.onsets[0]
    assert [each.step for each in shown.slices] == [first - 15, first, first + 15, 900]
    frame = shown.steps
    for each in shown.slices:
        read = frame.loc[each.step, ["lambda_1", "lambda_2"]].to_numpy(float)
        np.testing.assert_allclose(each.eigenvalues, read, rtol=2e-3)
        assert each.path_losses[0] == pytest.approx(frame.loss[each.step])
    stable = replace(CELL, learning_rate=0.01)
    drawn = first_oscillations(stable, PROTOCOL)
    assert (drawn.onsets, drawn.oscillations) == ((), 2)
    assert [each.step for each in drawn.slices] == [150, 300, 450, 600]


def test_slices_are_where_they_are_asked_for() -> None:
    drawn = first_oscillations(CELL, PROTOCOL, oscillations=1, at=(329, 0, 7, 0), seed=SEED)
    assert [each.step for each in drawn.slices] == [0, 7, 329]
    assert drawn.slices[0].path_losses[0] == pytest.approx(drawn.steps.loss[0])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"at": [330]}, "a slice at step 330: there is none; these oscillations have 0 to 329"),
        ({"at": [-1]}, "a slice at step -1: there is none"),
        ({"at": range(7)}, "slices at 7 steps: a picture has room for 6"),
        ({"oscillations": 4}, r"4 oscillations: dmse2, .*, A = 30, T = 300 has 1 to 3"),
        (
            {
                "configuration": replace(CELL, period=200_000),
                "protocol": PROTOCOL.model_copy(update={"steps": 200_001}),
            },
            "T = 200000 are 200001 steps; each is read, at most 200000",
        ),
        ({"configuration": CELL.baseline()}, "is static: it has no oscillations to show"),
        (
            {"configuration": replace(CELL, learning_rate=1e4)},
            "network of seed 0 diverged after [0-9]+ steps, before the 330 that are shown",
        ),
    ],
)
def test_what_cannot_be_shown_is_one_line(changes: dict[str, Any], said: str) -> None:
    asked = {"configuration": CELL, "protocol": PROTOCOL, "oscillations": 1} | changes
    with pytest.raises(DynstudyError, match=said) as raised:
        first_oscillations(**asked)
    assert "\n" not in str(raised.value)


def test_where_the_hessian_overflows_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    huge = Parameters.drawn(Ensemble.of("mse", 1, width=9, learning_rate=1.0), 3)
    huge.W1[:] *= 1e200
    monkeypatch.setattr("dynstudy.launch.first_oscillations.started", lambda *_: huge)
    with pytest.raises(DynstudyError, match="the Hessian at step 0 has no two finite eigenvalues;"):
        first_oscillations(CELL, PROTOCOL, oscillations=1, at=[0])


def test_without_pytorch_it_says_so_before_anything_is_trained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr("dynstudy.launch.first_oscillations.trained", pytest.fail)
    with pytest.raises(BackendError, match=r"needs PyTorch: pip install 'dynstudy\[torch\]'$"):
        first_oscillations(CELL, PROTOCOL)


@pytest.mark.long
def test_from_the_authors_start_it_is_their_figure_2() -> None:
    spec = load_spec(shipped_file("fig2"))
    (cell,) = {each.configuration for each in spec.cells_ahead() if not each.configuration.static}
    shown = first_oscillations(cell, spec.protocol, at=[9450])
    assert len(shown.onsets) == 2
    np.testing.assert_allclose(shown.onsets, [4189, 9199], rtol=0, atol=30)
    branches = shown.steps.lambda_1.loc[9430:9470].dropna()
    assert set(branches.round(1)) <= {0.9, 1.0, 3.3, 3.4, 3.5}
    (there,) = shown.slices
    assert there.eigenvalues[0] == pytest.approx(3.4, abs=0.1)
