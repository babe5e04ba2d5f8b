"""One contract, every backend: what they compute, read, mark and refuse."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dynstudy.task.losses import LOSSES
from dynstudy.train import Data, Ensemble, Outcome, Parameters, train
from dynstudy.train.backends import BACKENDS
from tests.conftest import make_data
from tests.drawn_network import draw
from tests.train.oracle import (
    NAMES,
    TOLERANCE,
    assert_one_step_agrees,
    assert_same,
    assert_same_parameters,
    random_state,
    trains,
    uneven,
)

# `gpu` needs a card, or an interpreter that takes seconds a step: its tests are in test_gpu.py
HERE = tuple(name for name in BACKENDS if name != "gpu")
ORACLE = "autograd"
TRAINED = [(backend, loss) for backend in HERE for loss in LOSSES if trains(backend, loss)]
COMPARED = [(backend, loss) for backend, loss in TRAINED if backend != ORACLE]
"""Which losses each backend trains, and which of them the oracle trains beside it."""


def each(
    trained: list[tuple[str, str]], classes: tuple[int, ...], quick: tuple[str, int, str]
) -> list[Any]:
    """Backends, losses, classes and dtypes: a kernel is compiled for each, for seconds.

    Each loss with each number of classes and with each dtype, but not with both of them together: a
    dtype is the same for any number of classes. Those of three classes in float64 are quick, and
    one of other classes; what takes no compiling is quick, too.
    """
    return [
        pytest.param(
            *case,
            marks=[]
            if case[0] == ORACLE or case[2:] == (3, "float64") or case[1:] == quick
            else pytest.mark.long,
        )
        for case in (
            (backend, loss, number, dtype)
            for backend, loss in trained
            for number in classes
            for dtype in TOLERANCE
            if backend == ORACLE
            or number == 3
            or dtype == "float64"
            or (loss, number, dtype) == quick
        )
    ]


@pytest.mark.parametrize(
    ("backend", "loss", "classes", "dtype"), each(COMPARED, (2, 3, 4, 5), ("dce", 5, "float32"))
)
def test_one_step_from_a_shared_random_state_agrees(
    backend: str, loss: str, classes: int, dtype: str, rng: np.random.Generator
) -> None:
    static = not LOSSES[loss].dynamical
    ensemble = Ensemble.of(
        loss,
        40,
        width=[1, 2, 3, 5, 7, 16, 29, 33, 101],
        learning_rate=np.linspace(0.05, 0.4, 9).tolist(),
        amplitude=1.0 if static else np.linspace(1, 300, 9).tolist(),
        period=[2, 3, 4, 5, 7, 11, 40, 6, 13],
        tail_start=[0, 40, 40, 40, 40, 3, 40, 40, 40],
        dtype=dtype,
    )
    data = make_data(classes, points=37, validation_points=41)
    for step in (0, 1, 2, 3, 7, 19, 33):  # of the schedule: other classes and weights each
        initial = random_state(rng, ensemble, classes)
        assert_one_step_agrees((backend, ORACLE), ensemble, data, initial, step)


OF_OTHER_INPUTS = [
    pytest.param(
        backend,
        loss,
        features,
        marks=[] if (loss, features) in {("dce", 8), ("dmse1", 1)} else pytest.mark.long,
    )
    for backend, loss in COMPARED
    for features in (1, 3, 8)
    if loss in {"dce", "dmse1"} and trains(backend, loss, features)
]
"""A loss of each kind; the others differ from them in numbers alone."""


def of_mixed_widths(loss: str, steps: int, **changes: Any) -> Ensemble:
    common: dict[str, Any] = {
        "width": [5, 20, 1, 7],
        "learning_rate": [0.1, 0.05, 0.2, 0.1],
        "amplitude": [1.0, 3.0, 30.0, 5.0],
        "period": [2, 9, 20, 15],
        "tail_start": [0, 45, 40, 60],
        "seed": [0, 1, 2, 3],
        "training_set": [1, 0, 1, 0],
        "dtype": "float64",
    }
    return Ensemble.of(loss, steps, **common | changes)


@pytest.mark.parametrize(("backend", "loss", "features"), OF_OTHER_INPUTS)
def test_any_number_of_inputs_agrees_for_uneven_classes_and_validation_sets_of_their_own(
    backend: str,
    loss: str,
    features: int,
    rng: np.random.Generator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data, ensemble = uneven(rng, features), of_mixed_widths(loss, 60)
    for step in (0, 1, 19, 47):
        initial = random_state(rng, ensemble, data.classes, features)
        assert_one_step_agrees((backend, ORACLE), ensemble, data, initial, step)

    def trained(name: str) -> Outcome:
        return train(ensemble, data, backend=name, checkpoints=[0, 13, 60], trace=True)

    outcome = trained(backend)
    assert_same(outcome, trained(ORACLE), 1e-9)
    swapped = replace(data, validation_x=data.validation_x[::-1])
    otherwise = train(ensemble, swapped, backend=backend, checkpoints=[0, 13, 60])
    assert (otherwise.validation_correct != outcome.validation_correct).any()
    monkeypatch.setattr("dynstudy.train.loop.SLICE_SECONDS", 1e-9)  # a step at a time
    assert_same(trained(backend), outcome, 0)


@pytest.mark.parametrize("features", [1, pytest.param(8, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    "backend", [case.values[0] for case in OF_OTHER_INPUTS if case.values[1:] == ("dce", 8)]
)
def test_a_network_of_other_inputs_that_diverges_is_marked(
    backend: str, features: int, rng: np.random.Generator
) -> None:
    data = uneven(rng, features)
    ensemble = of_mixed_widths("dmse1", 400, learning_rate=[50, 0.05, 0.1, 5])
    outcome, expected = (
        train(ensemble, data, backend=name, checkpoints=[400]) for name in (backend, ORACLE)
    )
    assert outcome.diverged.tolist() == expected.diverged.tolist() == [True, False, False, True]
    np.testing.assert_allclose(outcome.diverged_at, expected.diverged_at, atol=1)


@pytest.mark.parametrize("scale", [1e2, 1e4, 1e8])
@pytest.mark.parametrize("classes", [2, 3, pytest.param(5, marks=pytest.mark.long)])
@pytest.mark.parametrize("backend", [backend for backend, loss in COMPARED if loss == "dce"])
def test_a_softmax_of_large_outputs_agrees(
    backend: str, classes: int, scale: float, rng: np.random.Generator
) -> None:
    ensemble = Ensemble.of(
        "dce", 1, width=[4, 11], learning_rate=0.1, amplitude=5, period=10, dtype="float64"
    )
    initial = random_state(rng, ensemble, classes)
    initial = Parameters.of_layers(initial.W1, initial.b1, initial.W2 * scale, initial.b2 * scale)
    outcome, expected = (
        train(
            ensemble,
            make_data(classes, points=37, validation_points=41),
            backend=name,
            checkpoints=[1],
            initial=initial,
            trace=True,
        )
        for name in (backend, ORACLE)
    )
    tolerance = 1e-12 + 1e-14 * scale  # rounding of an output by its own size is all that a p sees
    assert_same_parameters(outcome.parameters, expected.parameters, tolerance)
    np.testing.assert_allclose(outcome.losses, expected.losses, rtol=1e-12)


@pytest.mark.parametrize(("backend", "loss"), COMPARED)
def test_short_runs_agree_with_mixed_widths_schedules_tails_and_checkpoints(
    backend: str, loss: str, data: Data
) -> None:
    static = not LOSSES[loss].dynamical
    ensemble = Ensemble.of(
        loss,
        60,
        width=[5, 20, 9, 20],
        learning_rate=[0.1, 0.05, 0.2, 0.1],
        amplitude=1.0 if static else [1.0, 3.0, 30.0, 5.0],
        period=[2, 9, 20, 15],
        tail_start=[0, 45, 40, 60],
        seed=[0, 1, 2, 3],
        dtype="float64",
    )
    checkpoints = [[0, 60, -1, -1], [1, 4, 45, 60], [10, 20, 40, -1], [60, -1, -1, -1]]
    outcome, expected = (
        train(ensemble, data, backend=name, checkpoints=checkpoints, trace=True)
        for name in (backend, ORACLE)
    )
    assert_same(outcome, expected, 1e-9)
    assert (outcome.correct[np.array(checkpoints) < 0] == -1).all()
    assert (outcome.correct[np.array(checkpoints) >= 0] >= 0).all()


@pytest.mark.parametrize("backend", HERE)
def test_readings_count_what_the_parameters_classify_right(backend: str, data: Data) -> None:
    ensemble = Ensemble.of("dce", 40, width=[7, 12], learning_rate=0.5, amplitude=5, period=10)
    outcome = train(ensemble, data, backend=backend, checkpoints=[40])
    p = outcome.parameters
    for x, y, counted in (
        (data.x[0], data.y, outcome.correct),
        (data.validation_x, data.validation_y, outcome.validation_correct),
    ):
        hidden = np.maximum(x.astype(np.float32) @ p.W1 + p.b1[:, None], 0)
        right = (hidden @ p.W2 + p.b2[:, None]).argmax(-1) == y
        expected = [[right[b, y == c].sum() for c in range(3)] for b in range(2)]
        np.testing.assert_allclose(counted[:, 0], expected, atol=1)  # a tie may fall either way


@pytest.mark.parametrize(
    ("backend", "dynamical"),
    [
        (backend, loss)
        for backend, loss in TRAINED
        if LOSSES[loss].dynamical and trains(backend, LOSSES[loss].static)
    ],
)
def test_at_amplitude_1_a_dynamical_loss_is_the_static_one(
    backend: str, dynamical: str, data: Data
) -> None:
    common: dict[str, Any] = {"width": 9, "learning_rate": 0.1, "dtype": "float64"}
    outcomes = [
        train(ensemble, data, backend=backend, checkpoints=[30])
        for ensemble in (
            Ensemble.of(dynamical, 30, amplitude=1, period=7, **common),
            Ensemble.of(LOSSES[dynamical].static, 30, **common),
        )
    ]
    assert_same(*outcomes, tolerance=1e-13)


@pytest.mark.parametrize("backend", HERE)
def test_a_network_does_not_depend_on_its_place_among_others(backend: str, data: Data) -> None:
    def of(widths: list[int], seeds: list[int]) -> Outcome:
        ensemble = Ensemble.of(
            "dce", 50, width=widths, seed=seeds, learning_rate=0.5, amplitude=9, period=10
        )
        return train(ensemble, data, backend=backend, checkpoints=[50])

    alone, among = of([12], [5]), of([30, 12, 4], [1, 5, 2])
    tolerance = 0 if backend == "cpu" else 1e-5  # bit for bit where every network is its own loop
    np.testing.assert_allclose(
        among.parameters.W1[1, :, :12], alone.parameters.W1[0], rtol=tolerance, atol=tolerance
    )


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("backend", [backend for backend, loss in TRAINED if loss == "dmse2"])
def test_the_slices_it_is_trained_in_change_nothing(
    backend: str, dtype: str, data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensemble = Ensemble.of(
        "dmse2", 97, width=[6, 13], learning_rate=0.1, amplitude=6, period=10, dtype=dtype
    )
    checkpoints = [0, 1, 13, 50, 97]
    whole = train(ensemble, data, backend=backend, checkpoints=checkpoints, trace=True)
    monkeypatch.setattr("dynstudy.train.loop.SLICE_SECONDS", 1e-9)  # a step at a time
    steps: list[int] = []
    sliced = train(
        ensemble, data, backend=backend, checkpoints=checkpoints, trace=True, progress=steps.append
    )
    assert steps == list(range(1, 98))
    for parameter in NAMES:
        np.testing.assert_array_equal(
            getattr(sliced.parameters, parameter), getattr(whole.parameters, parameter)
        )
    np.testing.assert_array_equal(sliced.losses, whole.losses)
    np.testing.assert_array_equal(sliced.correct, whole.correct)


@pytest.mark.parametrize(
    ("backend", "loss"), [pair for pair in TRAINED if pair[1] in {"mse", "dmse2", "ce"}]
)
def test_a_diverging_network_is_marked_and_the_others_go_on(
    backend: str, loss: str, data: Data
) -> None:
    ensemble = Ensemble.of(
        loss,
        300,
        width=[10, 10],
        learning_rate=[1e30 if loss == "ce" else 50.0, 0.05],
        amplitude=[1, 3 if loss == "dmse2" else 1],
        period=10,
        dtype="float32",
    )
    outcome = train(ensemble, data, backend=backend, checkpoints=[0, 300], trace=True)
    assert outcome.diverged.tolist() == [True, False]
    at = int(outcome.diverged_at[0])
    assert 0 < at < 300
    losses = outcome.losses
    assert np.isfinite(losses[0, : at - 1]).all()
    assert np.isnan(losses[0, at:]).all()
    assert np.isfinite(losses[1]).all()
    assert (outcome.correct[0, 1] == -1).all()
    assert (outcome.correct[1] >= 0).all()


@pytest.mark.parametrize("backend", [backend for backend, loss in COMPARED if loss == "mse"])
def test_backends_agree_on_when_a_network_diverges(backend: str, data: Data) -> None:
    ensemble = Ensemble.of(
        "mse", 400, width=[10, 30, 50], learning_rate=[50, 5, 1], seed=[1, 2, 3], dtype="float64"
    )
    diverged_at, expected = (
        train(ensemble, data, backend=name, checkpoints=[400]).diverged_at
        for name in (backend, ORACLE)
    )
    # a sum over the points overflows a step before their mean does
    np.testing.assert_allclose(diverged_at, expected, atol=1)
    assert (diverged_at > 0).tolist() == [True, True, False]


@pytest.mark.parametrize("backend", HERE)
def test_networks_can_have_training_sets_of_their_own(backend: str, data: Data) -> None:
    two = Data(
        np.concatenate([data.x, data.x[:, :, ::-1]]), data.y, data.validation_x, data.validation_y
    )
    common: dict[str, Any] = {"width": 8, "learning_rate": 0.1, "dtype": "float64"}
    both = train(
        Ensemble.of("ce", 20, training_set=[0, 1], **common), two, backend=backend, checkpoints=[20]
    )
    swapped = Data(two.x[1:], data.y, data.validation_x, data.validation_y)
    second = train(Ensemble.of("ce", 20, **common), swapped, backend=backend, checkpoints=[20])
    np.testing.assert_allclose(both.parameters.W1[1], second.parameters.W1[0], rtol=1e-12)
    assert not np.allclose(both.parameters.W1[0], both.parameters.W1[1])


@pytest.mark.parametrize("backend", HERE)
def test_training_starts_from_the_draw_of_each_seed(backend: str, data: Data) -> None:
    ensemble = Ensemble.of(
        "ce", 1, width=[6, 11], seed=[4, 8], learning_rate=1e-30, dtype="float64"
    )
    outcome = train(ensemble, data, backend=backend, checkpoints=[1])
    np.testing.assert_allclose(outcome.parameters.W1[0, :, :6], draw(4, 6, 3)[0], atol=1e-25)
    np.testing.assert_allclose(outcome.parameters.W2[1], draw(8, 11, 3)[2], atol=1e-25)


@pytest.mark.parametrize("backend", HERE)
def test_what_progress_raises_stops_the_training(backend: str, data: Data) -> None:
    def stop(step: int) -> None:
        raise InterruptedError(step)

    ensemble = Ensemble.of("ce", 1000, width=4, learning_rate=0.1)
    with pytest.raises(InterruptedError):
        train(ensemble, data, backend=backend, checkpoints=[1000], progress=stop)


@pytest.mark.parametrize(
    ("backend", "loss", "classes", "dtype"), each(TRAINED, (2, 3, 5), ("dce", 2, "float64"))
)
def test_losses_of_classes_are_those_of_the_parameters_there(
    backend: str, loss: str, classes: int, dtype: str, rng: np.random.Generator
) -> None:
    static = LOSSES[LOSSES[loss].static]
    ensemble = Ensemble.of(
        loss,
        6,
        width=[3, 11],
        learning_rate=0.05,
        amplitude=7 if LOSSES[loss].dynamical else 1,
        period=4,
        dtype=dtype,
    )
    data = make_data(classes, points=37, validation_points=83)
    shuffled = rng.permutation(len(data.validation_y))
    data = Data(data.x, data.y, data.validation_x[shuffled], data.validation_y[shuffled])
    initial = random_state(rng, ensemble, classes)
    scale = np.array([1.0, 40.0])[:, None, None]  # the second is sure of all it says
    initial = Parameters.of_layers(initial.W1, initial.b1, initial.W2 * scale, initial.b2)
    checkpoints = [[0, 2, 6, -1], [1, 2, 5, 6]]

    def trained(steps: int, **asked: Any) -> Outcome:
        cut = Ensemble(**{**vars(ensemble), "steps": steps})
        return train(cut, data, backend=backend, initial=initial, **asked)

    read = trained(6, checkpoints=checkpoints, class_losses=True).class_losses
    assert read.shape == (2, 4, 2, classes)
    sets = (data.x[0], data.y), (data.validation_x, data.validation_y)
    for b, steps in enumerate(checkpoints):
        for m, step in enumerate(steps):
            if step < 0:
                assert np.isnan(read[b, m]).all()
                continue
            p = trained(step, checkpoints=[step]).parameters if step else initial
            W1, b1, W2, b2 = (getattr(p, name)[b].astype(dtype).astype(float) for name in NAMES)
            for of_set, (x, y) in zip(read[b, m], sets, strict=True):
                output = np.maximum(x.astype(dtype).astype(float) @ W1 + b1, 0) @ W2 + b2
                expected = static.per_class(output, y, classes)
                rtol = 100 * TOLERANCE[dtype]
                np.testing.assert_allclose(of_set, expected, rtol=rtol, atol=1e-14)


@pytest.mark.parametrize("backend", HERE)
def test_losses_of_classes_are_read_where_they_are_asked_for(backend: str, data: Data) -> None:
    ensemble = Ensemble.of("dce", 4, width=[3, 5], learning_rate=0.1, amplitude=5, period=2)
    outcome = train(ensemble, data, backend=backend, checkpoints=[2, 4])
    assert outcome.class_losses.shape == (2, 0, 2, 3)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_a_class_that_is_as_good_as_certain_has_a_small_loss(dtype: str) -> None:
    """log(1 + 1e-9) is 1e-9, even where 1 + 1e-9 is 1."""
    ensemble = Ensemble.of("ce", 1, width=1, learning_rate=1e-9, dtype=dtype)
    data = make_data(3, points=8, validation_points=8)
    sure = Parameters.of_layers(
        np.zeros((1, 2, 1)),
        np.zeros((1, 1)),
        np.zeros((1, 1, 3)),
        np.array([[20.0, 0.0, 0.0]]),
    )
    read = train(
        ensemble, data, backend="cpu", checkpoints=[0], initial=sure, class_losses=True
    ).class_losses
    others = 2 * np.exp(-20.0)
    expected = np.log1p(others) + np.array([0.0, 20.0, 20.0])
    np.testing.assert_allclose(
        read[0, 0], [expected, expected], rtol=10 * TOLERANCE[dtype], atol=1e-15
    )
