"""How much of what studies need is in the ledger, for all studies at once."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Engine, func, select

from dynstudy.store.database import batches
from dynstudy.store.tables import ReplicateRow


def networks_trained(engine: Engine, needed: Sequence[Mapping[str, range]]) -> list[int]:
    """Count the networks of each study that the ledger has.

    Args:
        engine: the database.
        needed: for each study the seeds it needs, by ledger configuration.

    Returns:
        A number for each study.
    """
    key_column = ReplicateRow.configuration
    query = select(
        key_column, func.count(), func.min(ReplicateRow.seed), func.max(ReplicateRow.seed)
    )
    with engine.connect() as connection:
        grouped = {
            key: (count, range(low, high + 1))
            for key, count, low, high in connection.execute(query.group_by(key_column))
        }
        # mostly all seeds up to the last are there, and the numbers above say all
        gaps = [key for key, (count, span) in grouped.items() if count != len(span)]
        seeds: dict[str, list[int]] = {}
        for batch in batches(gaps):
            rows = connection.execute(
                select(key_column, ReplicateRow.seed).where(key_column.in_(batch))
            )
            for key, seed in rows:
                seeds.setdefault(key, []).append(seed)

    def trained(key: str, wanted: range) -> int:
        if key in seeds:
            return sum(seed in wanted for seed in seeds[key])
        span = grouped[key][1] if key in grouped else range(0)
        return max(0, min(span.stop, wanted.stop) - max(span.start, wanted.start))

    return [sum(trained(key, wanted) for key, wanted in of_study.items()) for of_study in needed]
