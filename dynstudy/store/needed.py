"""Which networks a study needs: rows of ``dynstudy_replicate`` by their keys, and its pixels."""

import optuna
from sqlalchemy import Engine

from dynstudy.section import MAX_SEED
from dynstudy.store.keys import configuration_key
from dynstudy.store.ledgers import ledger_of
from dynstudy.store.pixels import PixelsNeeded
from dynstudy.study.confirmation import FRESH, fresh_protocol
from dynstudy.study.spec import StudySpec

CONFIRMATIONS = range(FRESH, MAX_SEED + 1)
"""Seeds that an export may have trained a configuration on."""


def networks_needed(spec: StudySpec, study: optuna.Study) -> dict[str, range]:
    """Seeds by configuration: the study's own, and those its exports were confirmed on."""
    fresh = fresh_protocol(spec.protocol)
    needed: dict[str, range] = {}
    for cell in spec.cells_to_keep(study):
        if cell.configuration.static or not spec.cells_are_tiles:
            needed[configuration_key(spec.protocol, cell.configuration)] = cell.seeds
        for configuration in (cell.configuration, cell.configuration.baseline()):
            needed[configuration_key(fresh, configuration)] = CONFIRMATIONS
    return needed


def pixels_needed(engine: Engine, spec: StudySpec) -> PixelsNeeded | None:
    """Those of an atlas; None where all networks of a study have a key."""
    return ledger_of(engine, spec).pixels_needed
