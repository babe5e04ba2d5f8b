"""Networks of the ledger in the engine's form, and back."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from sqlalchemy import select

import dynstudy
from dynstudy.config import Configuration, Replicate
from dynstudy.launch.replicates import NetworkTask, to_arrays, train_replicates
from dynstudy.protocol import Protocol
from dynstudy.store.ledger import Ledger
from dynstudy.store.series import VALIDATION
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow
from dynstudy.task.data.spirals import SpiralData
from dynstudy.task.spiral import spiral
from tests.launch.recorded import trials
from tests.planted import SpecMaker


def test_a_baseline_trained_again_elsewhere_is_one_training_and_keeps_all_its_readings(
    storage: Storage, make_spec: SpecMaker
) -> None:
    """Backends part over a long training, as processors do; both studies must stay readable."""
    space = {"learning_rate": 3.0, "amplitude": 3, "period": 30, "width": 5}
    protocol = {
        "steps": 2000,
        "tail": 100,
        "data": {"points_per_class": 20, "validation_points_per_class": 30},
    }
    first = make_spec(space=space, protocol=protocol)
    second = make_spec(name="second", space=space | {"period": 70}, protocol=protocol)
    dynstudy.run(first, storage=storage, backend="cpu")
    dynstudy.run(second, storage=storage, backend="autograd")
    assert dynstudy.run(first, storage=storage).trained == 0
    assert dynstudy.run(second, storage=storage).trained == 0
    baseline = Configuration("ce", 5, 3.0)
    ledger = Ledger(storage.engine, second.protocol)
    with storage.engine.connect() as connection:
        kept = ReplicateRow.configuration == ledger.key(baseline)
        replaced = connection.scalars(
            select(ReplicateRow.seed).where(kept, ReplicateRow.backend == "autograd")
        ).all()
    assert replaced  # else the two backends never parted, and this test shows nothing
    read = ledger.readings(baseline, replaced)
    # trained on one backend from the seeds, read at the same steps: the very same numbers
    tasks = [NetworkTask(Replicate(baseline, seed), read.steps) for seed in replaced]
    records, _ = train_replicates(tasks, second.protocol, "autograd")
    expected = np.stack([record.series[VALIDATION].values for record in records])
    np.testing.assert_array_equal(read.validation_correct, expected)


def test_replicates_can_have_data_of_their_own(storage: Storage, make_spec: SpecMaker) -> None:
    spec = make_spec()
    data = {"points_per_class": 20, "validation_points_per_class": 30}
    with_data = make_spec(
        name="own",
        protocol={"steps": 200, "tail": 50, "data": {**data, "train_seed": "replicate"}},
    )
    dynstudy.run(spec, storage=storage)
    assert dynstudy.run(with_data, storage=storage).trained == 16
    a = Ledger(storage.engine, spec.protocol).load([Configuration("ce", 5, 1.0)])
    b = Ledger(storage.engine, with_data.protocol).load([Configuration("ce", 5, 1.0)])
    assert (a.train_accuracy != b.train_accuracy).any()


@pytest.mark.parametrize("backend", ["cpu", "autograd"])
def test_networks_of_several_noises_are_trained_together_as_they_are_alone(backend: str) -> None:
    """Each on the spirals of its noise, which are drawn alike."""
    data = SpiralData(points_per_class=20, validation_points_per_class=30)
    protocol = Protocol(steps=40, tail=0, dtype="float64", data=data)
    cell = Configuration("dce", 5, 1.0, 5.0, 10)
    noises = [0.3, None, 0.05, 0.3]
    together = [Replicate(replace(cell, noise=noise), seed) for seed, noise in enumerate(noises)]
    ensemble, points = to_arrays(together, protocol)
    for b, noise in enumerate(noises):
        here = int(ensemble.training_set[b])
        drawn = partial(spiral, classes=3, turns=2.0, noise=0.2 if noise is None else noise)
        np.testing.assert_array_equal(points.x[here], drawn(20, seed=0)[0])
        np.testing.assert_array_equal(points.validated_on(here), drawn(30, seed=1)[0])
    assert len(points.x) == 3

    tasks = [NetworkTask(each, (20, 40)) for each in together]
    records, _ = train_replicates(tasks, protocol, backend)
    for record, noise, task in zip(records, noises, tasks, strict=True):
        theirs = protocol.model_copy(update={"data": data.model_copy(update={"noise": noise})})
        plain = replace(task, replicate=Replicate(cell, task.replicate.seed))
        (alone,), _ = train_replicates([plain], theirs if noise else protocol, backend)
        for name, series in alone.series.items():
            np.testing.assert_array_equal(record.series[name].values, series.values)


def test_each_seed_of_a_noise_has_its_spirals_where_each_network_has_its_own() -> None:
    data = SpiralData(points_per_class=9, train_seed="replicate", validation_points_per_class=9)
    protocol = Protocol(steps=40, tail=0, data=data)
    networks = [
        Replicate(Configuration("ce", 5, 1.0, noise=noise), seed)
        for noise, seed in [(0.1, 4), (0.3, 2), (0.3, 4), (0.1, 4)]
    ]
    ensemble, points = to_arrays(networks, protocol)
    for b, each in enumerate(networks):
        _, alone = to_arrays([each], protocol)
        np.testing.assert_array_equal(points.x[ensemble.training_set[b]], alone.x[0])
    assert ensemble.training_set.tolist() == [0, 1, 2, 0]
    assert len(points.x) == 3


def test_diverged_networks_are_recorded_as_chance_and_not_trained_again(
    storage: Storage, make_spec: SpecMaker
) -> None:
    space = {"learning_rate": 1e6, "amplitude": 3, "period": 10, "width": 5}
    spec = make_spec(loss="dmse1", space=space)
    done = dynstudy.run(spec, storage=storage)
    assert done.diverged == done.trained == 8 + 2
    assert [trial.value for trial in trials(storage)] == pytest.approx([1 / 3] * 2)
    assert trials(storage)[0].user_attrs["diverged"] == 8
    assert dynstudy.run(spec, storage=storage).trained == 0
