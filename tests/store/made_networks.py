"""Networks whose readings were made up, to be recorded, and what is in the ledger then."""

import numpy as np
from sqlalchemy import func, select

from dynstudy.config import Configuration, Replicate
from dynstudy.protocol import Protocol
from dynstudy.store.ledger import Ledger, Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.series import TRAIN, VALIDATION, Series
from dynstudy.store.tables import ReplicateRow, SeriesRow, StepsRow

PROTOCOL = Protocol(steps=200, tail=50)
DCE = Configuration("dce", 5, 1.0, amplitude=3, period=10)
CE = Configuration("ce", 5, 1.0)
TRAINER = Trainer("cpu", "test", "a processor", {"numpy": "2"})
ACCURACIES = {"train_accuracy": 0.5, "val_accuracy": 0.4}


def record(
    configuration: Configuration, seed: int, steps: tuple[int, ...], correct: int = 7
) -> Record:
    """A network with so many points of each class right at each step, one more of validation."""
    counts = np.full((len(steps), 3), correct, np.int32)
    series = {TRAIN: Series(steps, counts), VALIDATION: Series(steps, counts + 1)}
    return Record(Replicate(configuration, seed), None, ACCURACIES, series)


def count(ledger: Ledger, table: type[ReplicateRow | SeriesRow | StepsRow]) -> int:
    """How many rows a table has."""
    with ledger.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()
