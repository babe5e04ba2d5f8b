from sqlalchemy import delete

from dynstudy.config import Configuration, Replicate
from dynstudy.store.ledger import Ledger, Record
from dynstudy.store.ledger_counts import networks_trained
from dynstudy.store.provenance import Trainer
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow
from tests.planted import SpecMaker


def test_networks_are_counted_by_seed_whatever_is_missing(
    storage: Storage, make_spec: SpecMaker
) -> None:
    ledger = Ledger(storage.engine, make_spec().protocol)
    one, two = Configuration("ce", 5, 1.0), Configuration("ce", 9, 1.0)
    accuracies = {"train_accuracy": 0.5, "val_accuracy": 0.5}
    ledger.add(
        [
            Record(Replicate(own, seed), None, accuracies, {})
            for own in (one, two)
            for seed in range(10)
        ],
        Trainer("cpu", "here", "a processor", {}),
    )
    with storage.engine.begin() as connection:  # a hole at seed 4, and nothing below seed 2
        gone = ReplicateRow.seed.in_([4]) & (ReplicateRow.configuration == ledger.key(one))
        connection.execute(delete(ReplicateRow).where(gone))
        gone = (ReplicateRow.seed < 2) & (ReplicateRow.configuration == ledger.key(two))
        connection.execute(delete(ReplicateRow).where(gone))
    first, second = ledger.key(one), ledger.key(two)
    wanted = [
        {first: range(10)},
        {first: range(5), second: range(5)},
        {first: range(4, 20), second: range(40, 60)},
        {"absent": range(3)},
        {},
    ]
    assert networks_trained(storage.engine, wanted) == [9, 4 + 3, 5, 0, 0]
