"""The kinds of forgetting of one cell, a row each."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dynstudy.arrays import Array
from dynstudy.measure.accuracy import mean, or_none, standard_error
from dynstudy.statistics.baseline import Baseline
from dynstudy.statistics.two_samples import Difference, Moments


def forgetting_rows(
    kinds: Mapping[str, Array], baseline: Baseline, period: int
) -> list[dict[str, Any]]:
    """Means with errors of each kind: of the cell, the static loss, and their difference."""
    rows = []
    for kind, values in kinds.items():
        of_cell, static = values[np.isfinite(values)], baseline.measure(kind, period)
        net = Difference.between(Moments.of([of_cell]), Moments.of([static]))
        numbers = {
            "mean": mean(of_cell),
            "sem": standard_error(of_cell),
            "static": mean(static),
            "static_sem": standard_error(static),
            "net": net.estimate[0],
            "net_sem": net.standard_error[0],
        }
        rows.append(
            {"kind": kind, "networks": int(of_cell.size)}
            | {name: or_none(value) for name, value in numbers.items()}
        )
    return rows
