"""Networks go in in one order, whoever writes them in which."""

from collections.abc import Sequence

import pytest
from sqlalchemy import Engine, select

from dynstudy.config import Configuration, Replicate
from dynstudy.protocol import Protocol
from dynstudy.store.ledger import Ledger, Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow

CE = Configuration("ce", 5, 1.0)
TRAINER = Trainer("cpu", "test", "a processor", {"numpy": "2"})


def keys(engine: Engine) -> Sequence[str]:
    with engine.connect() as connection:
        return connection.scalars(select(ReplicateRow.key).order_by(ReplicateRow.id)).all()


@pytest.mark.parametrize("seeds", [range(20), range(19, -1, -1)])
def test_rows_go_in_in_the_order_of_their_keys(storage: Storage, seeds: range) -> None:
    """Else two that write the same networks would each wait for the other on PostgreSQL."""
    accuracies = {"train_accuracy": 0.5, "val_accuracy": 0.4}
    records = [Record(Replicate(CE, seed), None, accuracies, {}) for seed in seeds]
    Ledger(storage.engine, Protocol(steps=200, tail=50)).add(records, TRAINER)
    written = keys(storage.engine)
    assert len(written) == 20
    assert list(written) == sorted(written)
