"""Trained networks of an atlas as rows of ``dynstudy_pixel``."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dynstudy.measure.measures import MEASURES
from dynstudy.store.ledger import Record


def pixel_rows(
    records: Iterable[Record], planes: Mapping[float | None, int], run_id: int | None
) -> Iterator[dict[str, Any]]:
    """All columns of each, in the plane of its noise."""
    for record in records:
        configuration = record.replicate.configuration
        yield {
            "plane_id": planes[configuration.noise],
            "width": configuration.width,
            "learning_rate": configuration.learning_rate,
            "period": configuration.period,
            "amplitude": configuration.amplitude,
            "seed": record.replicate.seed,
            "diverged_at": record.diverged_at,
            "run_id": run_id,
            **{name: record.measures.get(name) for name in MEASURES},
        }
