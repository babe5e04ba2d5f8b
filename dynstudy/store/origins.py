"""Who trained what: the distinct origins of some networks of the ledger."""

import json
import re
from collections.abc import Iterable
from typing import Any

from pydantic import Field
from sqlalchemy import Engine, func, select

from dynstudy.section import Section
from dynstudy.store.database import rows_among
from dynstudy.store.migrations import column_of, missing_columns
from dynstudy.store.tables import ReplicateRow, RunRow

UNKNOWN = "unknown"
"""The processor of networks of which an older dynstudy did not record it."""


class Origin(Section):
    """What trained some networks; equal origins give bit-equal results."""

    networks: int = Field(ge=1)
    backend: str
    device: str
    processor: str
    versions: dict[str, str]
    git_commit: str | None = None

    @property
    def machine(self) -> str:
        """Where it was trained, and by what."""
        return f"{self.backend} on {self.device}, {self.processor}"

    @property
    def alike(self) -> tuple[str, str, str]:
        """What decides about every bit, but for the versions: how many threads there are does not.

        Each network is trained by one of them.
        """
        return self.backend, re.sub(r"^\d+ threads of ", "", self.device), self.processor

    @property
    def arithmetic(self) -> tuple[Any, ...]:
        """What decides about every bit of a result."""
        return self.backend, self.device, self.processor, tuple(sorted(self.versions.items()))


def origins(engine: Engine, configurations: Iterable[str]) -> list[Origin]:
    """The distinct origins of the networks of some cells, which are given by their keys."""
    row, missing = ReplicateRow, missing_columns(engine)
    groups = [row.backend, row.device, row.versions, RunRow.provenance, RunRow.git_commit]
    columns = [func.count(), column_of("processor", missing), *groups]
    if "processor" not in missing:
        groups.append(row.processor)
    query = select(*columns).outerjoin(RunRow, ReplicateRow.run_id == RunRow.id).group_by(*groups)
    distinct: dict[tuple[Any, ...], Origin] = {}
    with engine.connect() as connection:
        rows = rows_among(connection, query, row.configuration, configurations)
        for count, processor, backend, device, texts, launch, commit in rows:
            if processor is None and launch is not None:  # of before it was recorded with networks
                processor = json.loads(launch).get("processor")
            origin = Origin(
                networks=count,
                backend=backend,
                device=device,
                processor=processor or UNKNOWN,
                versions=json.loads(texts),
                git_commit=commit,
            )
            key = (origin.arithmetic, commit)
            before = distinct[key].networks if key in distinct else 0
            distinct[key] = origin.model_copy(update={"networks": before + count})
    return list(distinct.values())
