"""The kinds of forgetting of one cell, a row each."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dynstudy.arrays import Array
from dynstudy.measure.accuracy import standard_error
from dynstudy.statistics.baseline import Baseline
from dynstudy.statistics.two_samples import Difference, Moments


def forgetting_rows(
    kinds: Mapping[str, Array], baseline: Baseline, period: int
) -> list[dict[str, Any]]:
    """The kinds of forgetting of a cell, a row each.

    Args:
        kinds: of `dynstudy.launch.follow.Trace`.
        baseline: the static loss, as the ledger has it.
        period: T of the cell.

    Returns:
        Means with their standard errors: of the cell's networks, of the static loss read at the
        same steps, and their difference; None where one is not defined.
    """
    rows = []
    for kind, values in kinds.items():
        own, other = values[np.isfinite(values)], baseline.measure(kind, period)
        net = Difference.between(Moments.of([own]), Moments.of([other]))
        numbers = {
            "mean": float(own.mean()) if own.size else np.nan,
            "sem": standard_error(own),
            "static": float(other.mean()) if other.size else np.nan,
            "static_sem": standard_error(other),
            "net": float(net.estimate[0]),
            "net_sem": float(net.standard_error[0]),
        }
        rows.append(
            {"kind": kind, "networks": int(own.size)}
            | {name: None if np.isnan(value) else value for name, value in numbers.items()}
        )
    return rows
