"""The GPU kernel beside `autograd`: on a card (marker gpu), elsewhere under Triton's interpreter.

Interpreted, a network takes a tenth of a second a step: the sizes here are as small as they can be.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.gpu_instructions import programs_at_once
from dynstudy.errors import BackendError
from dynstudy.task.losses import LOSSES
from dynstudy.train import Curvature, Data, Ensemble, Outcome, train
from dynstudy.train.backends import load
from dynstudy.train.backends._gpu_batch import Batch
from dynstudy.train.backends._gpu_shapes import (
    LINE,
    TILES,
    WATCHED_WIDEST,
    Shape,
    most_registers,
    packed,
    registers_per_tile,
    room_for_units,
    shape_for,
    unpacked,
)
from dynstudy.train.demand import Demand
from tests.command import python
from tests.conftest import ROOT, make_data
from tests.train.oracle import (
    FUSED,
    NAMES,
    TOLERANCE,
    assert_one_step_agrees,
    assert_same,
    assert_same_parameters,
    random_state,
)
from tests.train.test_alternation import CASES

KERNEL = [
    f"dynstudy.train.backends._gpu_{name}"
    for name in ("alternation", "descent", "kernel", "losses", "points", "units")
]


@pytest.fixture(params=["interpreted", pytest.param("card", marks=pytest.mark.gpu)])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The one or the other, which is settled when the kernel is imported, hence anew.

    Triton's own functions are settled likewise: see ``pytest_configure`` in tests/conftest.py.
    """
    before = {name: sys.modules.pop(name, None) for name in KERNEL}
    if request.param == "interpreted":
        monkeypatch.setenv("TRITON_INTERPRET", "1")
    else:
        monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    yield
    for name, module in before.items():
        sys.modules.pop(name, None)
        if module is not None:
            sys.modules[name] = module


trains = pytest.mark.usefixtures("kernel")


def both(ensemble: Ensemble, data: Data, **arguments: Any) -> tuple[Outcome, Outcome]:
    ours, oracle = (
        train(ensemble, data, backend=backend, **arguments) for backend in ("gpu", "autograd")
    )
    return ours, oracle


@trains
@pytest.mark.parametrize(
    ("classes", "dtype"),
    [
        (3, "float64"),
        pytest.param(2, "float64", marks=pytest.mark.long),
        pytest.param(3, "float32", marks=pytest.mark.long),
        pytest.param(5, "float64", marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize(
    "loss",
    [
        loss if loss in {"dce", "dmse2"} else pytest.param(loss, marks=pytest.mark.long)
        for loss in FUSED
    ],
)
def test_one_step_from_a_random_state_agrees(
    loss: str, classes: int, dtype: str, rng: np.random.Generator
) -> None:
    static = not LOSSES[loss].dynamical
    ensemble = Ensemble.of(
        loss,
        40,
        width=[1, 3, 7, 29],
        learning_rate=[0.05, 0.1, 0.2, 0.4],
        amplitude=1.0 if static else [1.0, 3.0, 30.0, 300.0],
        period=[2, 3, 7, 40],
        tail_start=[0, 40, 3, 40],
        dtype=dtype,
    )
    data = make_data(classes, points=7, validation_points=3)
    initial = random_state(rng, ensemble, classes)
    for step in (0, 19):  # of the schedule
        assert_one_step_agrees(("gpu", "autograd"), ensemble, data, initial, step)


@trains
@pytest.mark.parametrize(
    "loss",
    [
        "dce",
        *(pytest.param(loss, marks=pytest.mark.long) for loss in FUSED if loss != "dce"),
    ],
)
def test_20_steps_agree_with_mixed_widths_schedules_tails_and_checkpoints(loss: str) -> None:
    static = not LOSSES[loss].dynamical
    ensemble = Ensemble.of(
        loss,
        20,
        width=[3, 5, 3],
        learning_rate=[0.1, 0.05, 0.2],
        amplitude=1.0 if static else [1.0, 30.0, 5.0],
        period=[2, 5, 6],  # of which each class has one
        tail_start=[0, 16, 20],
        seed=[0, 1, 2],
        dtype="float64",
    )
    checkpoints = [[0, 20, -1], [1, 16, 20], [9, -1, -1]]
    ours, oracle = both(
        ensemble, make_data(points=6, validation_points=5), checkpoints=checkpoints, trace=True
    )
    assert_same(ours, oracle, 1e-10)
    assert ours.backend == "gpu"


@trains
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the interpreter is NumPy, and says inf
@pytest.mark.parametrize(
    "loss", ["dmse2", *(pytest.param(loss, marks=pytest.mark.long) for loss in ("ce", "mse"))]
)
def test_a_diverging_network_is_marked_and_the_others_go_on(loss: str) -> None:
    ensemble = Ensemble.of(
        loss,
        15,
        width=[4, 4],
        learning_rate=[1e30 if loss == "ce" else 1e4, 0.05],
        amplitude=[1, 3 if loss == "dmse2" else 1],
        period=10,
    )
    ours, oracle = both(
        ensemble, make_data(points=5, validation_points=4), checkpoints=[0, 15], trace=True
    )
    assert ours.diverged.tolist() == oracle.diverged.tolist() == [True, False]
    np.testing.assert_allclose(ours.diverged_at, oracle.diverged_at, atol=1)
    at = int(ours.diverged_at[0])
    assert np.isfinite(ours.losses[0, : at - 1]).all()
    assert np.isnan(ours.losses[0, at:]).all()
    assert (ours.correct[0, 0] >= 0).all()
    assert (ours.correct[0, 1] == -1).all()
    assert_same_row(ours, oracle, 1)


def assert_same_row(ours: Outcome, oracle: Outcome, network: int) -> None:
    for name in NAMES:
        a, b = getattr(ours.parameters, name), getattr(oracle.parameters, name)
        np.testing.assert_allclose(a[network], b[network], rtol=1e-4, atol=1e-5)


@trains
def test_each_training_set_may_have_a_validation_set_of_its_own() -> None:
    small = make_data(points=4, validation_points=5)
    data = Data(
        np.concatenate([small.x, small.x[:, :, ::-1]]),
        small.y,
        np.stack([small.validation_x, -small.validation_x]),
        small.validation_y,
    )
    ensemble = Ensemble.of(
        "dce", 3, width=3, learning_rate=0.3, amplitude=6, period=3, seed=[0, 1],
        training_set=[1, 0], dtype="float64",
    )  # fmt: skip
    ours, oracle = both(ensemble, data, checkpoints=[0, 3])
    assert_same(ours, oracle, 1e-9)
    swapped = replace(data, validation_x=data.validation_x[::-1])
    otherwise, _ = both(ensemble, swapped, checkpoints=[0, 3])
    assert (otherwise.validation_correct != ours.validation_correct).any()


@trains
def test_slices_batches_and_training_sets_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    small = make_data(points=5, validation_points=4)
    two = Data(
        np.concatenate([small.x, small.x[:, :, ::-1]]),
        small.y,
        small.validation_x,
        small.validation_y,
    )
    ensemble = Ensemble.of(
        "dce", 7, width=[3, 3, 5, 3], learning_rate=0.3, amplitude=6, period=3,
        seed=[0, 1, 2, 3], training_set=[0, 1, 0, 1],
    )  # fmt: skip
    checkpoints = [0, 2, 7]
    whole = train(ensemble, two, backend="gpu", checkpoints=checkpoints, trace=True)
    monkeypatch.setattr("dynstudy.train.loop.SLICE_SECONDS", 1e-9)  # a step at a time
    # a card with room for one network and its losses: batches are cut and make room for each other
    limit_card(monkeypatch, networks=1)
    sliced = train(ensemble, two, backend="gpu", checkpoints=checkpoints, trace=True)
    for name in NAMES:
        np.testing.assert_array_equal(
            getattr(sliced.parameters, name), getattr(whole.parameters, name)
        )
    np.testing.assert_array_equal(sliced.losses, whole.losses)
    np.testing.assert_array_equal(sliced.correct, whole.correct)
    np.testing.assert_array_equal(sliced.validation_correct, whole.validation_correct)
    oracle = train(ensemble, two, backend="autograd", checkpoints=checkpoints)
    assert_same_parameters(whole.parameters, oracle.parameters, 1e-5)


def limit_card(monkeypatch: pytest.MonkeyPatch, networks: int) -> None:
    """A card that runs out of memory beyond so many networks."""
    held: dict[int, int] = {}
    move = Batch.move

    def limited(batch: Batch, device: torch.device, on_card: bool) -> None:
        held.pop(id(batch), None)
        if on_card:
            if sum(held.values()) + len(batch) > networks:
                raise torch.OutOfMemoryError
            held[id(batch)] = len(batch)
        move(batch, device, on_card)

    monkeypatch.setattr(Batch, "move", limited)


@trains
def test_a_network_too_large_for_the_card_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    limit_card(monkeypatch, networks=0)
    ensemble = Ensemble.of("ce", 2, width=[3, 3], learning_rate=0.1)
    with pytest.raises(BackendError, match="does not fit into the memory"):
        train(ensemble, make_data(points=4), backend="gpu", checkpoints=[2])


LONGER = ("dce again", "ce", "dmse1", "two classes", "five classes", "float32")


def swift(case: str) -> Ensemble:
    """Networks that become unstable soon, where a rule of a short memory is to see it."""
    seeds = {"dce again": (20, [2, 8], 12), "ce": (16, [0, 1], 8), "dmse1": (17, [5, 5], 0.7)}
    steps, seed, rate = seeds.get(case, (11, [0, 1], 1.0))
    if case == "dce":
        steps, seed, rate = 20, [2, 2], 12
    loss = case.split()[0] if case.split()[0] in LOSSES else "dmse2"
    amplitude, period = {"dmse1": (4, 40), "ce": (1, 2)}.get(loss, (10, 16))
    return Ensemble.of(
        loss, steps, width=[3, 3], learning_rate=[rate, rate / 1000], amplitude=amplitude,
        period=period, seed=seed, dtype="float32" if case == "float32" else "float64",
    )  # fmt: skip


@trains
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the first step has no step before it
@pytest.mark.parametrize(
    ("case", "until_onset"),
    [
        ("dce", False),
        ("dmse2", True),
        # to stop at one's onset is the same for all
        pytest.param("dce", True, marks=pytest.mark.long),
        *(pytest.param(case, False, marks=pytest.mark.long) for case in ("dmse2", *LONGER)),
    ],
)
def test_onsets_are_autograds(
    case: str, until_onset: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # first where it was imported to, which would be imported now, and keep it, if it were second;
    # the kernel reads the other one
    for module in ("backends._autograd_curvature", "alternation"):
        monkeypatch.setattr(f"dynstudy.train.{module}.MEMORY", 2.0)
    if until_onset:
        monkeypatch.setattr("dynstudy.train.loop.SLICE_SECONDS", 1e-9)  # a step at a time
    ensemble = swift(case)
    classes = {"two classes": 2, "five classes": 5}.get(case, 3)
    ours, oracle = both(
        ensemble,
        make_data(classes, points=4, validation_points=2),
        checkpoints=[0, ensemble.steps],
        trace=True,
        curvature=Curvature(onsets=True, until_onset=until_onset),
    )
    assert (oracle.onsets.first >= 0).tolist() == [True, False]
    assert case != "dce" or (oracle.onsets.first_end[0] >= 0) != until_onset
    tolerance = 1e-3 if ensemble.dtype == "float32" else 1e-8
    assert_same(ours, oracle, tolerance)  # and losses are nan where a network has ended
    for name, seen in vars(oracle.onsets).items():
        exact = name in {"first", "first_end", "count", "ended"}
        expected, rtol = getattr(ours.onsets, name), 0 if exact else tolerance
        np.testing.assert_allclose(expected, seen, rtol=rtol)


@trains
@pytest.mark.long
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_onsets_are_autograds_by_the_rule_as_it_is() -> None:
    # beyond step 130 a second instability makes 1e-15 to 1e-2: any order of the points parts there
    ensemble = replace(CASES["dce, again"], steps=130)
    data = make_data(points=20, validation_points=3)
    ours, oracle = both(ensemble, data, checkpoints=[1], curvature=Curvature(onsets=True))
    assert oracle.onsets.ended[0] == 1
    for name, seen in vars(oracle.onsets).items():
        np.testing.assert_allclose(getattr(ours.onsets, name), seen, rtol=1e-4)


@trains
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the interpreter is NumPy, and says inf
def test_eigenvalues_are_autograds_where_the_kernel_has_come_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dynstudy.train.backends._by_autograd.AT_A_TIME", 2)
    small = make_data(points=5, validation_points=4)
    data = replace(small, x=np.concatenate([small.x, small.x[:, :, ::-1]]))
    ensemble = Ensemble.of(
        "dmse2", 4, width=[3, 4, 3], learning_rate=[0.1, 1e60, 0.05], amplitude=6, period=3,
        seed=[0, 1, 2], training_set=[0, 1, 1], dtype="float64",
    )  # fmt: skip
    asked = Curvature((0, 2, 4), 2, 1, 1e-8)
    ours, oracle = both(ensemble, data, checkpoints=[4], curvature=asked)
    assert ours.diverged.tolist() == [False, True, False]
    np.testing.assert_allclose(ours.spectra.values, oracle.spectra.values, rtol=1e-8)
    assert np.isnan(ours.spectra.values[:, 2, 0]).tolist() == [False, True, False]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("outputs", [1, 2, 3, 5])
def test_every_width_has_a_shape_that_a_card_can_launch(outputs: int, dtype: str) -> None:
    for width in [*range(1, 130), 500, 1000, 4096, 10_000]:
        shape = shape_for(width, outputs, 300, dtype)
        assert shape.units >= width
        assert shape.tiles in TILES
        each = registers_per_tile(outputs, dtype)
        # only what 256 lanes cannot hold may spill: more of them have fewer registers each
        room = room_for_units(outputs, dtype)
        assert shape.tiles * each <= room or -(-width // 256) * each > room
        limit = most_registers(shape, outputs, dtype)
        assert programs_at_once(limit, shape.warps) >= 1
        watched = shape_for(width, outputs, 300, dtype, onsets=True)
        assert watched.units >= width
        assert watched.tiles <= 13 or width > WATCHED_WIDEST[dtype]
        assert shape.rows * shape.lanes == 32 * shape.warps


@pytest.mark.parametrize("outputs", [2, 3])
@pytest.mark.parametrize("shape", [Shape(16, 2, 3), Shape(1, 32, 2), Shape(32, 1, 13)])
def test_the_layout_of_parameters_is_undone(
    shape: Shape, outputs: int, rng: np.random.Generator
) -> None:
    rows = rng.normal(size=(4, 3 + outputs, shape.units))
    lines = packed(rows, shape)
    assert lines.shape[2:] == (LINE, shape.lanes)
    np.testing.assert_array_equal(unpacked(lines, shape, outputs, shape.units), rows)
    wider = unpacked(lines, shape, outputs, shape.units + 3)
    np.testing.assert_array_equal(wider[:, :, :-3], rows)
    assert not wider[:, :, -3:].any()
    narrower = unpacked(lines, shape, outputs, shape.units - 3)
    np.testing.assert_array_equal(narrower, rows[:, :, :-3])


@pytest.mark.parametrize(
    ("watched", "said"),
    [
        ({"climbs": True}, "counts no uphill steps"),
        ({"sums": True}, "sums no losses"),
        ({"width": 209}, "watches for onsets in networks of at most 208 units, not 209"),
        (
            {"width": 113, "dtype": "float64"},
            "watches for onsets in networks of at most 112 units, not 113",
        ),
    ],
)
def test_what_it_cannot_watch_for_is_refused_before_anything_is_trained(
    watched: dict[str, Any], said: str
) -> None:
    module = import_module("dynstudy.train.backends.gpu")
    able = Demand("dce", 2, 3, 20, 100, "float32", onsets=True)
    assert module.refusal(replace(able, **watched)) == said
    assert module.refusal(able) is None
    assert module.refusal(Demand("dce", 2, 3, 500, 100, "float32")) is None


def test_without_a_card_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(BackendError, match=r"sees no card on this machine; use --backend cpu"):
        load("gpu:0")


def test_without_triton_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dynstudy.train.backends._gpu_cards.find_spec", lambda _: None)
    with pytest.raises(BackendError, match="Triton is not installed"):
        load("gpu:0")


@pytest.mark.parametrize(
    ("loss", "width", "dtype", "onsets", "programs"),
    [
        ("dce", 100, "float32", False, 8),
        pytest.param("dce", 20, "float32", True, 12, marks=pytest.mark.long),
        pytest.param("dce", 20, "float32", False, 12, marks=pytest.mark.long),
        pytest.param("dmse2", 5, "float32", False, 16, marks=pytest.mark.long),
        pytest.param("dce", 5, "float64", False, 8, marks=pytest.mark.long),
        pytest.param("dce", 100, "float32", True, 8, marks=pytest.mark.long),
        pytest.param("dmse2", 5, "float32", True, 16, marks=pytest.mark.long),
        pytest.param("dce", 5, "float64", True, 8, marks=pytest.mark.long),
    ],
)
def test_it_compiles_for_a_card_without_spilling(
    loss: str, width: int, dtype: str, onsets: bool, programs: int
) -> None:
    # in a process of its own: here the kernel is interpreted
    code = (
        "import json, dataclasses; from benchmarks.gpu_instructions import compiled; "
        f"report = compiled({loss!r}, {width}, dtype={dtype!r}, onsets={onsets}); "
        "print(json.dumps(dataclasses.asdict(report)))"
    )
    report = json.loads(python(ROOT, "-c", code))
    assert report["spilled"] == 0
    assert report["programs"] == programs
    assert report["cubin_bytes"] > 1000


LAUNCHES = """
import json
import sys
from types import SimpleNamespace
import numpy as np
from triton.backends.compiler import GPUTarget
from triton.runtime import driver
from triton.runtime.jit import JITFunction
from benchmarks.gpu_instructions import spilled
from dynstudy.train import Ensemble, Parameters
from dynstudy.train.backends import gpu
from dynstudy.train.readings import Readings
from tests.conftest import make_data

driver.set_active(SimpleNamespace(
    get_current_device=lambda: 0,
    get_current_stream=lambda _: 0,
    get_current_target=lambda: GPUTarget("cuda", 90, 32),
))
run = JITFunction.run  # compiles what would be launched, and launches nothing
JITFunction.run = lambda self, *a, grid, warmup, **k: run(self, *a, grid=grid, warmup=True, **k)
gpu.interpreted = lambda: True

width, onsets = int(sys.argv[1]), sys.argv[2] == "onsets"
ensemble = Ensemble.of("dce", 200, width=[3, 3, width], learning_rate=0.1, amplitude=3, period=10)
data = make_data(points=5, validation_points=4)
readings = Readings.empty(ensemble, np.full((3, 1), 200), 3, trace=False, onsets=onsets)
state = gpu.start(ensemble, data, Parameters.drawn(ensemble, 3), readings)
for step, count in ((0, 1), (1, 16), (17, 32), (49, 7), (112, 16)):
    gpu.advance(state, step, count)
from dynstudy.train.backends._gpu_kernel import advance_networks
kernels = advance_networks.device_caches[0][0].values()
print(json.dumps([spilled(kernel.asm["cubin"]) for kernel in kernels]))
"""


@pytest.mark.parametrize(
    ("width", "watched"),
    [pytest.param("100", "nothing", marks=pytest.mark.long), ("20", "onsets")],
)
def test_a_launch_compiles_a_kernel_for_each_shape_and_none_for_a_slice(
    width: str, watched: str
) -> None:
    # as they are launched, with addresses that happen to be aligned, they spill nothing either
    assert json.loads(python(ROOT, "-c", LAUNCHES, width, watched)) == [0, 0]
