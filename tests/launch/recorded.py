"""What a launch left in the database, to be counted and compared."""

import optuna
from sqlalchemy import func, select

from dynstudy.store.studies import Storage
from dynstudy.store.tables import ReplicateRow


def networks(storage: Storage) -> int:
    """How many the ledger has."""
    with storage.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(ReplicateRow)).scalar_one()


def trials(storage: Storage, name: str = "small") -> list[optuna.trial.FrozenTrial]:
    """Those of a study, as Optuna alone reads them."""
    return optuna.load_study(study_name=name, storage=storage.optuna).trials
