"""How large a database is, by table and by study, and what deleting each study would free."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import compress, repeat
from typing import Any, cast

import optuna
from sqlalchemy import Connection, func, select, text

from dynstudy.errors import DamagedError
from dynstudy.store.needed import networks_needed, pixels_needed
from dynstudy.store.optuna_private import TRIALS
from dynstudy.store.pixels import IN_PLANE, PixelsNeeded, read_pixels
from dynstudy.store.studies import Storage
from dynstudy.store.study_rows import read_studies
from dynstudy.store.tables import PlaneRow, ReplicateRow, SeriesRow
from dynstudy.upkeep._finding import HowFar
from dynstudy.upkeep._invariants_of_tables import every_table
from dynstudy.upkeep._trials_read import StudyRead
from dynstudy.upkeep.check import refuse_outdated
from dynstudy.upkeep.snapshot import handed, snapshot

COLUMNS = ("kind", "name", "rows", "bytes", "networks", "series", "purged_networks", "purged_bytes")
"""Of a table: rows and bytes. Of a study: its trials, and of its networks, pixels included, how
many there are, how many series they have, how many no other study needs, and the bytes of both."""

IN_INDEXES = 260
"""Bytes of a network in indexes and of its numbers, about; of both keys, which are text."""

IN_A_PIXEL = 100
"""Bytes of a network of an atlas, about: eight for each measure and coordinate that it has."""


def sizes(storage: Storage, report: HowFar = lambda *_: None) -> list[dict[str, Any]]:
    """Return a row of `COLUMNS` for each table and each study; None where there is no such number.

    Raises:
        StorageError: an older dynstudy made the database.
    """
    refuse_outdated(storage)
    with snapshot(storage.engine) as connection:
        return [*_tables(connection), *_studies(storage, connection, report)]


def _row(**values: Any) -> dict[str, Any]:
    return {name: values.get(name) for name in COLUMNS}


def _tables(connection: Connection) -> Iterator[dict[str, Any]]:
    bytes_of = _bytes(connection)
    for table in every_table():
        count = connection.scalar(select(func.count()).select_from(table))
        yield _row(kind="table", name=table.name, rows=count, bytes=bytes_of.get(table.name))


def _bytes(connection: Connection) -> Mapping[str, int]:
    """Of each table with its indexes, as far as the database tells."""
    if connection.dialect.name == "postgresql":
        query = "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r'"
    elif connection.scalar(text("SELECT 1 FROM pragma_module_list WHERE name = 'dbstat'")):
        query = (
            "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat('main', 1) s "
            "JOIN sqlite_master m ON m.name = s.name GROUP BY m.tbl_name"
        )
    else:  # as some were compiled
        return {}
    return {name: int(size) for name, size in connection.execute(text(query))}


def _studies(storage: Storage, connection: Connection, report: HowFar) -> Iterator[dict[str, Any]]:
    """In one pass over all networks, whatever number of studies each belongs to."""
    needed: dict[str, dict[str, range]] = {}
    of_planes: dict[str, PixelsNeeded] = {}
    trials: dict[str, int] = {}
    for study in read_studies(connection):
        try:
            spec = storage.spec(study)
        except DamagedError:
            continue
        read = cast(optuna.Study, StudyRead(connection, study))
        needed[study.study_name] = networks_needed(spec, read)
        if (of_study := pixels_needed(handed(connection), spec)) is not None:
            of_planes[study.study_name] = of_study
        trials[study.study_name] = int(
            connection.execute(
                select(func.count()).where(TRIALS.c.study_id == study.number)
            ).scalar_one()
        )
    of_cell: dict[str, list[tuple[str, range]]] = {}
    for name, cells in needed.items():
        for key, seeds in cells.items():
            of_cell.setdefault(key, []).append((name, seeds))
    counts = {name: _row(kind="study", name=name, rows=trials[name]) for name in needed}
    for row in counts.values():
        row |= dict.fromkeys(COLUMNS[3:], 0)
    nobody = _row(kind="networks", name="of no study") | dict.fromkeys(COLUMNS[3:6], 0)

    def count(owners: list[str], networks: int, series: int, size: int) -> None:
        for row in [counts[name] for name in owners] or [nobody]:
            row["networks"] += networks
            row["series"] += series
            row["bytes"] += size
            if owners == [row["name"]]:
                row["purged_networks"] += networks
                row["purged_bytes"] += size

    total = connection.scalar(select(func.count()).select_from(ReplicateRow)) or 0
    for done, (key, seed, series, size) in enumerate(_networks(connection)):
        count([name for name, seeds in of_cell.get(key, ()) if seed in seeds], 1, series, size)
        if done % 10_000 == 0:
            report("networks", done, total)
    for owners, pixels in _pixels(connection, of_planes):
        count(owners, pixels, 0, pixels * IN_A_PIXEL)
    yield from counts.values()
    if nobody["networks"]:
        yield nobody


def _networks(connection: Connection) -> Iterator[tuple[str, int, int, int]]:
    """Configuration and seed of each network, how many series it has, and about its bytes."""
    row, read = ReplicateRow, SeriesRow
    texts = (row.data, row.versions, row.device, row.backend, row.initialisation, row.loss)
    length = sum((func.length(each) for each in texts), func.length(row.key))
    of_series = (
        select(
            read.replicate_id.label("id"),
            func.count().label("count"),
            func.sum(func.length(read.readings) + func.length(read.name)).label("length"),
        )
        .group_by(read.replicate_id)
        .subquery()
    )
    query = select(row.configuration, row.seed, of_series.c.count, of_series.c.length, length)
    query = query.outerjoin(of_series, of_series.c.id == row.id)
    numbers = connection.execution_options(yield_per=1000).execute(query)
    for key, seed, count, read_bytes, own_bytes in numbers:
        yield key, seed, count or 0, int((read_bytes or 0) + own_bytes + IN_INDEXES)


def _pixels(
    connection: Connection, needed: Mapping[str, PixelsNeeded]
) -> Iterator[tuple[list[str], int]]:
    """The studies that need some pixels, and how many of these there are."""
    for plane in connection.execute(select(PlaneRow.id, PlaneRow.key)).all():
        of_plane = {name: each for name, each in needed.items() if plane.key in each.planes}
        for part in read_pixels(connection, [plane.id], {}, IN_PLANE):
            columns = dict(zip(IN_PLANE, part, strict=True))
            among = {name: each.among(plane.key, columns) for name, each in of_plane.items()}
            needing = zip(*among.values(), strict=True) if among else repeat((), part.shape[1])
            for whose, count in Counter[tuple[bool, ...]](needing).items():
                yield list(compress(among, whose)), count
