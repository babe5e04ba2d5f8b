"""Who trained what: the distinct origins of some networks of the ledger."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, func, select

from dynstudy.store.provenance import processor
from dynstudy.store.tables import ReplicateRow, RunRow


@dataclass(frozen=True)
class Origin:
    """What trained some networks; equal origins give bit-equal results."""

    networks: int
    backend: str
    device: str
    processor: str
    versions: dict[str, str]
    git_commit: str | None

    @property
    def arithmetic(self) -> tuple[Any, ...]:
        """What decides about every bit of a result."""
        return self.backend, self.device, self.processor, tuple(sorted(self.versions.items()))


def origins(engine: Engine, configurations: Iterable[str]) -> list[Origin]:
    """The distinct origins of some cells' networks.

    Args:
        engine: the database.
        configurations: keys of the cells.

    Returns:
        One per combination of backend, device, processor, versions and commit; a network that no
        launch claims was trained by this process.
    """
    groups = (
        ReplicateRow.backend,
        ReplicateRow.device,
        ReplicateRow.versions,
        RunRow.provenance,
        RunRow.git_commit,
    )
    query = (
        select(func.count(), *groups)
        .outerjoin(RunRow, ReplicateRow.run_id == RunRow.id)
        .where(ReplicateRow.configuration.in_(list(configurations)))
        .group_by(*groups)
    )
    found: dict[tuple[Any, ...], Origin] = {}
    with engine.connect() as connection:
        for count, backend, device, versions, provenance, commit in connection.execute(query):
            own = json.loads(provenance)["processor"] if provenance else processor()
            origin = Origin(count, backend, device, own, json.loads(versions), commit)
            key = (origin.arithmetic, commit)
            before = found[key].networks if key in found else 0
            found[key] = Origin(
                before + count, backend, device, own, origin.versions, origin.git_commit
            )
    return list(found.values())
