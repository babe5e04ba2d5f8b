"""A trace is what a map and a single network's curve say of the same networks."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax

import dynstudy
from dynstudy.analysis.regime_map import regime_map
from dynstudy.analysis.traces import forgetting_rows
from dynstudy.config import Configuration, Replicate
from dynstudy.errors import DynstudyError
from dynstudy.launch.follow import trace_cell, train_curve
from dynstudy.launch.replicates import to_arrays
from dynstudy.measure.accuracy import standard_error
from dynstudy.protocol import Protocol
from dynstudy.statistics.baseline import Baseline
from dynstudy.store.ledger import Ledger
from dynstudy.store.studies import Storage
from dynstudy.train import train
from dynstudy.train.backends import cpu
from tests.drawn_network import draw
from tests.planted import SMALL, SpecMaker

DCE = Configuration("dce", 5, 1.0, amplitude=30, period=10)


def protocol(**changes: Any) -> Protocol:
    return Protocol.model_validate({**SMALL["protocol"], **changes})


def test_its_kinds_of_forgetting_are_those_of_the_map(
    storage: Storage, make_spec: SpecMaker
) -> None:
    spec = make_spec(replicates=3)
    dynstudy.run(spec, storage=storage)
    ledger, cells = Ledger(storage.engine, spec.protocol), regime_map(storage, "small").frame
    assert cells.amplitude.notna().sum() == 4
    for _, cell in cells[cells.amplitude.notna()].iterrows():
        configuration = Configuration(
            cell.loss, cell.width, cell.learning_rate, cell.amplitude, int(cell.period)
        )
        traced = trace_cell(configuration, spec.protocol, range(3), oscillations=1, points=1)
        recorded = ledger.load([configuration])
        for kind, values in traced.kinds.items():
            np.testing.assert_array_equal(values, recorded[kind])
        static = Baseline(ledger, configuration.baseline(), range(spec.baseline_replicates))
        rows = forgetting_rows(traced.kinds, static, traced.period)
        assert [row["kind"] for row in rows] == ["forgetting", "unrecovered", "lasting"]
        for row in rows:
            values = recorded[row["kind"]]
            assert (row["networks"], row["mean"]) == (3, pytest.approx(values.mean()))
            assert row["sem"] == pytest.approx(standard_error(values))
            assert row["net"] == pytest.approx(row["mean"] - row["static"])
            assert row["net"] == pytest.approx(cell[row["kind"]])
            assert row["net_sem"] == pytest.approx(np.hypot(row["sem"], row["static_sem"]))
        assert rows[0]["net_sem"] == pytest.approx(cell.forgetting_sem)


def test_without_a_baseline_nothing_is_taken_off(storage: Storage) -> None:
    static = Baseline(Ledger(storage.engine, protocol()), DCE.baseline(), range(4))
    rows = forgetting_rows({"lasting": np.array([0.5])}, static, 10)
    absent = dict.fromkeys(("sem", "static", "static_sem", "net", "net_sem"))
    assert rows == [{"kind": "lasting", "networks": 1, "mean": 0.5} | absent]


@pytest.mark.parametrize("train_seed", [0, "replicate"])
def test_every_network_is_read_as_if_it_were_alone(train_seed: int | str) -> None:
    data = {**SMALL["protocol"]["data"], "train_seed": train_seed}
    with_data = protocol(data=data, dtype="float64")
    traced = trace_cell(DCE, with_data, [4, 2], oscillations=3, points=5)
    # 15 oscillations of 10 steps before a tail of 50: three of them, and the tail in five parts
    steps = [*range(120, 151, 2), *range(160, 201, 10)]
    # the map reads no others after the trace begins but middles
    steps = sorted({*steps, 125, 135, 145})
    columns = ["step", "set", "class", "gamma", "accuracy", "loss"]
    assert list(traced.frame.columns) == ["seed", *columns]
    assert (traced.period, traced.tail_start, traced.diverged) == (10, 150, 0)
    for seed in (2, 4):
        alone = train_curve(DCE, with_data, seed=seed, points=200).rename(
            columns={"weight": "gamma"}
        )
        alone = alone[alone.step.isin(steps)]
        together = traced.frame[traced.frame.seed == seed]
        order = ["step", "set", "class"]
        left, right = (
            frame[columns].sort_values(order, ignore_index=True) for frame in (together, alone)
        )
        assert left[order].equals(right[order])
        for measure in ("gamma", "accuracy", "loss"):
            np.testing.assert_allclose(left[measure], right[measure], rtol=1e-9)


def test_a_curve_goes_from_the_draw_to_what_training_gives() -> None:
    double = protocol(dtype="float64")
    curve = train_curve(DCE, double, seed=4, points=4)
    ensemble, data = to_arrays([Replicate(DCE, 4)], double)
    trained = train(ensemble, data, checkpoints=[200]).parameters
    first_and_last = {0: draw(4, 5, 3), 200: [array[0] for array in trained.arrays.values()]}
    sets = {"train": (data.x[0], data.y), "validation": (data.validation_x, data.validation_y)}
    for (step, (W1, b1, W2, b2)), (name, (x, y)) in product(first_and_last.items(), sets.items()):
        output = np.maximum(x @ W1 + b1, 0) @ W2 + b2
        rows = curve[(curve.step == step) & (curve.set == name)].set_index("class")
        for c in range(3):
            assert rows.accuracy[c] == (output.argmax(1) == y)[y == c].mean()
            assert rows.loss[c] == pytest.approx(-log_softmax(output, axis=1)[y == c, c].mean())


@pytest.mark.parametrize("period", [10, 20, 25, 40, 50, 7, 13, 100])
def test_a_curve_is_read_at_all_phases_of_an_oscillation(period: int) -> None:
    """300 readings of 6000 steps are 20 steps apart: at one or two phases of most of these."""
    cell = Configuration("dce", 1, 0.1, amplitude=3, period=period)
    curve = train_curve(cell, protocol(steps=6000, tail=1000), points=300, backend="cpu")
    steps = curve.step.unique()
    assert abs(len(steps) - 300) <= 2
    assert np.diff(steps).max() <= 40
    parts = period if period < 20 else 5  # of an oscillation, each of which is read about as often
    counts = np.bincount(steps[steps < 5000] % period * parts // period, minlength=parts)
    assert counts.min() > 0.7 * counts.mean()


def test_every_step_is_read_without_a_call_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    advance = cpu.advance

    def counted(state: cpu.State, step: int, count: int) -> None:
        calls.append(count)
        advance(state, step, count)

    monkeypatch.setattr(cpu, "advance", counted)
    curve = train_curve(DCE, protocol(steps=2000), points=2000, backend="cpu")
    assert curve.step.nunique() == 2001
    assert sum(calls) == 2000
    assert len(calls) < 100  # slices of a fraction of a second


def test_two_cycles_are_traced_or_what_there_is() -> None:
    assert trace_cell(DCE, protocol(), [0], points=1).frame.step.min() == 150 - 60
    short = Configuration("dce", 5, 1.0, amplitude=30, period=70)
    traced = trace_cell(short, protocol(), [0], points=2)
    assert sorted(traced.frame.step.unique()) == [0, 35, 70, 105, 140, 170, 200]
    assert np.isnan(traced.kinds["lasting"]).all()  # two oscillations of three classes


def test_a_training_without_a_tail_is_traced_to_its_end() -> None:
    traced = trace_cell(DCE, protocol(tail="none"), [0], oscillations=1, points=10)
    assert traced.tail_start == 200
    assert sorted(traced.frame.step.unique()) == list(range(190, 201))
    assert traced.frame.gamma.max() == pytest.approx(3 * 30 / 32)


@pytest.mark.parametrize(
    ("configuration", "oscillations", "said"),
    [
        (DCE.baseline(), None, "is static: it has no oscillations"),
        (DCE, 16, "16 oscillations: .* has 1 to 15 before its tail"),
        (Configuration("dmse2", 5, 1e6, 30, 10), None, "all 2 networks diverged before step 90"),
    ],
)
def test_what_cannot_be_traced_is_said(
    configuration: Configuration, oscillations: int | None, said: str
) -> None:
    with pytest.raises(DynstudyError, match=said):
        trace_cell(configuration, protocol(dtype="float64"), [0, 1], oscillations=oscillations)


def test_a_network_that_diverges_ends_there_and_counts_for_nothing() -> None:
    # all of them grow without bound, and the training ends when some have got there
    data = {**SMALL["protocol"]["data"], "train_seed": "replicate", "points_per_class": 3}
    wild = Configuration("dmse2", 5, 1.17, amplitude=30, period=10)
    traced = trace_cell(wild, protocol(steps=150, tail=10, data=data), range(8), points=10)
    last = traced.frame.groupby("seed").step.max()
    assert 0 < traced.diverged < 8
    assert (last < 150).sum() == traced.diverged
    assert {len(values) for values in traced.kinds.values()} == {8 - traced.diverged}
    assert np.isfinite(traced.frame.loss).all()


@pytest.mark.parametrize("backend", ["cpu", "autograd"])
def test_a_curve_ends_where_the_ledger_says_and_shows_the_weights(
    backend: str, storage: Storage, make_spec: SpecMaker
) -> None:
    spec = make_spec()
    dynstudy.run(spec, storage=storage)
    ledger = Ledger(storage.engine, spec.protocol)
    trial = next(t for t in storage.study("small").trials if t.params.get("period") == 30)
    configuration = dynstudy.config.Configuration(**trial.params)
    curve = train_curve(configuration, spec.protocol, seed=1, points=200, backend=backend)
    end = curve[(curve.step == 200) & (curve["set"] == "validation")]
    recorded = ledger.load([configuration]).set_index("seed").val_accuracy[1]
    assert end.accuracy.mean() == pytest.approx(recorded)
    assert curve.step.nunique() == 201
    peak = curve[(curve.step == 15) & (curve["set"] == "train")].weight.tolist()
    a = configuration.amplitude
    assert a is not None
    assert peak == pytest.approx([3 * a / (a + 2), 3 / (a + 2), 3 / (a + 2)])
    tail = curve[curve.step >= 150].weight
    assert tail.tolist() == pytest.approx([1.0] * len(tail))


def test_a_curve_stops_where_the_network_diverges(make_spec: SpecMaker) -> None:
    configuration = dynstudy.config.Configuration("dmse1", 5, 1e6, 3.0, 10)
    curve = train_curve(configuration, make_spec().protocol, points=50)
    assert curve.step.max() < 200
    assert np.isfinite(curve.loss).all()
