"""Where a map's regimes end: the edges of the useful region, and the onset of forgetting.

Per loss, width and learning rate, for each period that was tested:

* the *edges* of gain = 0.02 along the amplitude, from a surface that pools neighbouring cells
  (`dynstudy.statistics.gaussian_process`), with 95 % bands from resampled replicates;
* the *onset* of catastrophic forgetting: the smallest tested amplitude above which every tested one
  forgets. The truth lies between it and the tested one below: it is interval-censored.

What lies beyond the map is told, not extrapolated.
"""

from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from dynstudy.analysis.atlas_edges import no_edges
from dynstudy.analysis.boundary_words import ABOVE, BELOW, LOWER, NOWHERE, ONSET, UPPER
from dynstudy.analysis.panel_surface import PanelSurface
from dynstudy.analysis.regime_map import PANEL, RegimeMap
from dynstudy.arrays import Array
from dynstudy.config import EQUIVALENCE
from dynstudy.errors import DynstudyError
from dynstudy.statistics.columns import AXES, Column, names
from dynstudy.statistics.outcomes import Outcomes
from dynstudy.statistics.two_samples import LEVEL

DRAWS = 400
GRID = 121  # amplitudes at which a surface is looked at

COLUMNS = (
    *AXES[:3],
    Column("period", "steps", "T", "Int64"),
    Column("boundary", "", f"`{LOWER}`, `{UPPER}` or `{ONSET}`", "string"),
    Column("piece", "", "which of the useful pieces along the amplitude, from 1", "Int64"),
    Column("amplitude", "", "A of the edge; empty where the map does not reach it"),
    Column(
        "amplitude_low",
        "",
        "below it the edge is not, with 95 %; empty where that is beyond the map. Of an onset, the "
        "tested amplitude below it",
    ),
    Column("amplitude_high", "", "likewise above"),
    Column("reached", "", "whether the edge lies inside the map", "boolean"),
    Column("support", "", "share of the resampled surfaces that have such an edge"),
    Column("says", "", "where the edge is instead, if it is not reached", "string"),
)
"""A row is a boundary at a period."""


def has_boundaries(study_map: RegimeMap) -> bool:
    """Whether it is a map over amplitude; of an atlas there are edges of its pixels instead."""
    over_amplitude = study_map.dynamical_cells().amplitude.nunique() > 1
    return study_map.atlas is None and study_map.spec.on_grid and over_amplitude


def find_boundaries(study_map: RegimeMap, draws: int = DRAWS) -> pd.DataFrame:
    """Return the boundaries of every panel of a map: a row each at each period, with `COLUMNS`.

    Of an atlas, whatever its axes, the edges along each row of its pixels: `AtlasEdges.frame`.

    Raises:
        DynstudyError: the study is no map over amplitude, or an atlas without edges.
    """
    if study_map.atlas is not None:
        if study_map.edges is None:
            raise DynstudyError(f"{study_map.spec.name}: {no_edges(study_map.atlas)}")
        return study_map.edges.frame
    if not has_boundaries(study_map):
        raise DynstudyError(
            f"{study_map.spec.name}: has no boundaries, which are looked for along the amplitude "
            "of a map; space.amplitude needs at least two values in a study of kind 'map'"
        )
    rows: list[dict[str, Any]] = []
    with threadpool_limits(1):  # many small matrices: threads would wait for each other
        for key, panel in study_map.panels():
            named = dict(zip(PANEL, key, strict=True))
            edges = _edges(study_map.surface(*key), panel, draws)
            rows += [named | row for row in (*edges, *_onsets(panel))]
    return pd.DataFrame(rows, columns=names(COLUMNS))


def _edges(surface: PanelSurface | None, panel: pd.DataFrame, draws: int) -> list[dict[str, Any]]:
    if surface is None:
        return []
    process, baseline = surface.process, surface.baseline
    rng = np.random.default_rng(0)  # a map reads the same every time
    means = surface.outcomes.resampled(draws, rng)
    static = Outcomes(np.zeros((1, 2)), [baseline]).resampled(draws, rng)
    amplitudes = panel.amplitude.astype(float)
    x = np.linspace(np.log(amplitudes.min()), np.log(amplitudes.max()), GRID)
    rows = []
    for period in sorted(panel.period.unique()):
        places = np.stack([x, np.full(GRID, np.log(float(period)))], axis=1)
        gain = process.means_at(places) - baseline.mean()
        drawn = process.draws(places, means, rng) - static
        rows += [{"period": int(period)} | row for row in _pieces(x, gain, drawn)]
    return rows


def _pieces(x: Array, gain: Array, drawn: Array) -> list[dict[str, Any]]:
    """Return two rows for each piece of gain > 0.02 along a period, or one that there is none.

    At log A (G,), ascending, of the surface's gain (G,) and resampled ones `drawn` (R, G).
    """
    up, down = (_crossings(x, gain[None], rising)[0] for rising in (True, False))
    up, down = up[np.isfinite(up)], down[np.isfinite(down)]
    starts = [-np.inf, *up] if gain[0] > EQUIVALENCE else list(up)
    stops = [*down, np.inf] if gain[-1] > EQUIVALENCE else list(down)
    if not starts:
        support = float((drawn <= EQUIVALENCE).all(axis=1).mean())
        return [_row(LOWER, 0, None, (), support, NOWHERE)]
    rows = []
    for piece, (start, stop) in enumerate(zip(starts, stops, strict=True), start=1):
        for boundary, edge, says in ((LOWER, start, BELOW), (UPPER, stop, ABOVE)):
            edges = _nearest(x, drawn, edge, boundary == LOWER)
            with_edge = edges[~np.isnan(edges)]
            if np.isfinite(edge):
                share = len(with_edge) / len(edges)
                rows.append(_row(boundary, piece, edge, with_edge, share, ""))
            else:
                rows.append(_row(boundary, piece, None, (), float((edges == edge).mean()), says))
    return rows


def _row(
    boundary: str, piece: int, edge: float | None, drawn: Any, support: float, says: str
) -> dict[str, Any]:
    low = high = np.nan
    if len(drawn):
        # no interpolation: some draws have their edge beyond the map, at infinity
        low, high = np.quantile(drawn, [LEVEL / 2, 1 - LEVEL / 2], method="inverted_cdf")
    return {
        "boundary": boundary,
        "piece": piece,
        "amplitude": np.nan if edge is None else float(np.exp(edge)),
        "amplitude_low": float(np.exp(low)) if np.isfinite(low) else np.nan,
        "amplitude_high": float(np.exp(high)) if np.isfinite(high) else np.nan,
        "reached": edge is not None,
        "support": support,
        "says": says,
    }


def _crossings(x: Array, curves: Array, rising: bool) -> Array:
    """Where curves (R, G) cross gain = 0.02 upwards, or downwards: (R, G - 1), nan where not."""
    above = curves > EQUIVALENCE
    left, right = above[:, :-1], above[:, 1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (EQUIVALENCE - curves[:, :-1]) / np.diff(curves)
    return np.where(right & ~left if rising else left & ~right, x[:-1] + share * np.diff(x), np.nan)


def _nearest(x: Array, curves: Array, edge: float, rising: bool) -> Array:
    """Each curve's own edge of that kind nearest to one: infinite beyond the map, nan if none."""
    crossings = _crossings(x, curves, rising)
    end, beyond = (x[0], -np.inf) if rising else (x[-1], np.inf)
    open_ended = curves[:, 0 if rising else -1] > EQUIVALENCE
    outside = np.where(open_ended, beyond, np.nan)
    if not np.isfinite(edge):
        return outside
    distance = np.where(np.isnan(crossings), np.inf, np.abs(crossings - edge))
    index = distance.argmin(axis=1)[:, None]
    nearest, away = (np.take_along_axis(a, index, 1)[:, 0] for a in (crossings, distance))
    # where the region also goes on beyond the map, that end may be nearer
    return np.where(np.isfinite(away) & ~(open_ended & (away > abs(end - edge))), nearest, outside)


def _onsets(panel: pd.DataFrame) -> list[dict[str, Any]]:
    """For each period, between which tested amplitudes forgetting sets in for good."""
    rows = []
    tested = panel[panel.forgets.notna() & ~panel.predicted]
    for period, line in tested.groupby("period", sort=True):
        ordered = line.sort_values("amplitude")
        amplitudes = ordered.amplitude.to_numpy(float)
        remembers = np.flatnonzero(~ordered.forgets.to_numpy(bool))
        last = remembers[-1] if remembers.size else -1
        below, above = np.r_[np.nan, amplitudes, np.nan][[last + 1, last + 2]]
        reached = bool(np.isfinite(below) and np.isfinite(above))
        rows.append({
            "period": int(period),
            "boundary": ONSET,
            "piece": 1,
            "amplitude": above,
            "amplitude_low": below,
            "amplitude_high": above,
            "reached": reached,
            "support": np.nan,
            "says": "" if reached else BELOW if last < 0 else ABOVE,
        })
    return rows
