"""Which configurations of a study to take away."""

from typing import Any

import pandas as pd

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.errors import ExportError


def choose(regimes: RegimeMap, top: int, by: str = "val_accuracy", per: str | None = None) -> Any:
    """The best configurations of a study: `top` of them, or of each width or loss.

    ``pareto`` is the front of accuracy and width, whatever `top` is.

    Returns:
        Their rows of the study's frame, best first (by width or loss first, if `per`), and out of
        how many they were chosen.

    Raises:
        ExportError: there are not so many.
    """
    candidates = _candidates(regimes, by)
    if per == "pareto":
        front = regimes.pareto_front().index.intersection(candidates.index)
        return candidates.loc[front].sort_values("width", kind="stable"), len(candidates)
    if per is None:
        chosen, largest = candidates.head(top), len(candidates)
    else:
        groups = candidates.groupby(per, sort=False)
        chosen = groups.head(top).sort_values(per, kind="stable")
        largest = int(groups.size().max())
    if top > largest:
        each = f" of any {per}" if per else ""
        raise ExportError(
            f"--top {top}: study {regimes.spec.name!r} has only {largest} cells{each}"
        )
    return chosen, len(candidates)


def _candidates(regimes: RegimeMap, by: str) -> pd.DataFrame:
    """Cells whose replicates are all there and where what is compared is defined, best first."""
    name, frame = regimes.spec.name, regimes.frame
    complete = frame[(frame.replicates > 0) & (frame.replicates >= frame.replicates_planned)]
    if not len(complete):
        raise ExportError(f"study {name!r} has no complete cell yet; run it first")
    defined = complete[complete[by].notna()]
    if not len(defined):
        raise ExportError(
            f"study {name!r} has no cell with a gain, for want of baselines; use --by val_accuracy"
        )
    return defined.sort_values(by, ascending=False, kind="stable")
