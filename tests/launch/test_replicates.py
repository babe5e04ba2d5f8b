"""Networks of the ledger in the engine's form, and back."""

import numpy as np
import pytest
from sqlalchemy import select

import dynstudy
from dynstudy.config import Configuration, Replicate
from dynstudy.launch.replicates import NetworkTask, train_replicates
from dynstudy.store.ledger import Ledger
from dynstudy.store.series import VALIDATION
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow
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
