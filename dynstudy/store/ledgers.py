"""The ledger as a study of any kind sees it."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine

from dynstudy.store.atlas_ledger import AtlasLedger
from dynstudy.store.launch_ledger import LaunchLedger
from dynstudy.study.spec import StudySpec

LEDGERS: dict[str, Callable[[Engine, Any], LaunchLedger]] = {"atlas": AtlasLedger}
"""By kind of study, where its networks are not all rows of ``dynstudy_replicate``."""


def ledger_of(engine: Engine, spec: StudySpec) -> LaunchLedger:
    """The networks of a study, to be read, or for one launch: who adds none has none in memory."""
    made = LEDGERS.get(spec.kind)
    return LaunchLedger(engine, spec.protocol) if made is None else made(engine, spec)
