"""How much of what studies need is in the ledger, for all studies at once."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Engine, func, select

from dynstudy.store.database import rows_among
from dynstudy.store.tables import ReplicateRow


def networks_trained(engine: Engine, needed: Sequence[Mapping[str, range]]) -> list[int]:
    """How many networks of each study the ledger has, by the seeds that its cells' keys need."""
    cell, seed = ReplicateRow.configuration, ReplicateRow.seed
    query = select(cell, func.count(), func.min(seed), func.max(seed)).group_by(cell)
    with engine.connect() as connection:
        grouped = {
            key: (count, range(low, high + 1))
            for key, count, low, high in connection.execute(query)
        }
        # mostly all seeds up to the last are there, and the numbers above say all
        gaps = [key for key, (count, span) in grouped.items() if count != len(span)]
        seeds: dict[str, list[int]] = {}
        for key, number in rows_among(connection, select(cell, seed), cell, gaps):
            seeds.setdefault(key, []).append(number)

    def trained(key: str, wanted: range) -> int:
        if key in seeds:
            return sum(number in wanted for number in seeds[key])
        span = grouped[key][1] if key in grouped else range(0)
        return max(0, min(span.stop, wanted.stop) - max(span.start, wanted.start))

    return [sum(trained(key, wanted) for key, wanted in study.items()) for study in needed]
