"""Do cells gain that are unstable? How the gain of cells goes with measures of their networks.

Three questions of each measure, the nearest to causation last, none of them an experiment:

- *cells*: are cells with more of it those that gain more? What sets both, as A and T do, is in it;
- *equal*, cells at equal A and T: the same, of what A alone and T alone do not say of either;
- *networks*: of the networks of one cell, which differ by their seeds alone, do those with more of
  it end more accurate?

And the shape: the mean gain of the third of the cells with the least of it, the middle one, and the
one with the most; the *hump* is by how much the middle one is above the better of the others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from dynstudy.analysis.cell_networks import CellNetworks, Resampled, cell_networks, sum_of
from dynstudy.analysis.gain_shape import GainShape, gain_shapes
from dynstudy.analysis.measure_map import MeasureMap
from dynstudy.analysis.panel_layout import PanelLayout
from dynstudy.arrays import Array
from dynstudy.statistics.columns import AXES, Column, names
from dynstudy.statistics.rank_correlation import correlation, holm_p_values, normal_interval
from dynstudy.statistics.two_samples import LEVEL, RESAMPLES

DRAWS = 2000
FEWEST_CELLS = 6
"""Fewer are no relation."""

KINDS = {
    "cells": (
        "rank correlation, over cells, of gain and measure",
        "whole amplitudes and whole periods of the map permuted",
    ),
    "equal": (
        "correlation of the ranks of gain and measure within a panel, less what amplitude alone "
        "and period alone say of them",
        "whole amplitudes and whole periods of the map permuted",
    ),
    "networks": (
        "rank correlation, among the networks of each cell, of validation accuracy and measure",
        "networks permuted within cells",
    ),
}
"""Of correlations: what is correlated, and what is permuted where it is tested."""

THIRDS = ("least", "middle", "most")
MEANS = {
    "gain_least": "mean gain of the third of each panel's cells with the least of the measure",
    "gain_middle": "mean gain of the middle third",
    "gain_most": "mean gain of the third with the most of it",
    "hump": "`gain_middle` less the larger of the other two; above 0, gain rises and falls again",
}


def _with_ends(name: str, definition: str) -> Iterator[Column]:
    yield Column(name, "", definition)
    yield Column(f"{name}_low", "", f"lower end of the 95 % interval of `{name}`")
    yield Column(f"{name}_high", "", f"upper end of the 95 % interval of `{name}`")


def _of_kinds() -> Iterator[Column]:
    for kind, (correlated, permuted) in KINDS.items():
        yield from _with_ends(f"rho_{kind}", correlated)
        yield Column(f"p_{kind}", "", f"two-sided p-value of `rho_{kind}`: {permuted}")
        yield Column(f"holm_{kind}", "", f"`p_{kind}` corrected for all measures shown (Holm)")


COLUMNS = (
    Column("study", "", "its name", "string"),
    AXES[0],
    Column("width", "units", "hidden units; empty where panels are taken together", "Int64"),
    Column("learning_rate", "", "η; empty where panels are taken together"),
    Column("measure", "", "what the gain is held against", "string"),
    Column("cells", "", "dynamical cells that have a gain and all measures shown", "Int64"),
    Column("networks", "", "of these cells", "Int64"),
    *_of_kinds(),
    *(
        column
        for third in THIRDS
        for column in _with_ends(
            f"rho_networks_{third}", f"`rho_networks` of the cells of `gain_{third}` alone"
        )
    ),
    *(column for name, definition in MEANS.items() for column in _with_ends(name, definition)),
)
"""Of associations: a row for each measure and panel, then of all panels of a loss together."""


@dataclass(frozen=True)
class Association:
    """How the gain of a study goes with some measures."""

    measure_map: MeasureMap
    frame: pd.DataFrame  # with `COLUMNS`
    shapes: list[list[GainShape]]  # of each panel, over each measure


def associate(measures: MeasureMap, draws: int = DRAWS) -> Association:
    """Return how the gain of a map goes with its measures, of each panel and of each loss.

    Intervals are of `draws` times that networks are drawn again, within each cell and of the static
    loss that all cells of a panel share.
    """
    by_loss: dict[str, list[CellNetworks]] = {}
    for panel in cell_networks(measures):
        by_loss.setdefault(panel.key[0], []).append(panel)
    rows: list[dict[str, Any]] = []
    shapes: list[list[GainShape]] = []
    for loss, panels in by_loss.items():
        rng = np.random.default_rng(0)  # a map reads the same every time
        resampled = [panel.resampled(draws, rng) for panel in panels]
        shapes += [list(gain_shapes(*pair)) for pair in zip(panels, resampled, strict=True)]
        study = {"study": measures.study_map.spec.name, "loss": loss}
        for panel, of_panel in zip(panels, resampled, strict=True):
            _, width, rate = panel.key[:3]
            one = study | {"width": width, "learning_rate": rate}
            rows += [one | row for row in _rows([panel], of_panel, measures.names)]
        if len(panels) > 1:
            together = _rows(panels, Resampled.together(resampled), measures.names)
            rows += [study | row for row in together]
    return Association(measures, pd.DataFrame(rows, columns=names(COLUMNS)), shapes)


def _rows(
    panels: Sequence[CellNetworks], cells: Resampled, measures: Sequence[str]
) -> list[dict[str, Any]]:
    """A row for each measure, of panels of one loss taken together."""
    count, networks = cells.means.shape[1], sum(panel.networks for panel in panels)
    rows: list[dict[str, Any]] = [
        {"measure": name, "cells": count, "networks": networks} for name in measures
    ]
    if count < FEWEST_CELLS:
        return rows
    layout = PanelLayout([panel.places for panel in panels])
    gain, measured = cells.means[0], cells.means[1:]
    gains, again = cells.drawn[:, 0], cells.drawn[:, 1:]
    for kind, ranks in (("cells", layout.ranks), ("equal", layout.ranks_at_equal_a_and_t)):
        x, y, drawn_x = ranks(gain), ranks(measured), ranks(gains)
        p_values = _p_values(x, y, layout)
        for number, row in enumerate(rows):
            drawn = correlation(drawn_x, ranks(again[:, number]))
            row |= _correlated(kind, correlation(x, y[number]), drawn)
            row[f"p_{kind}"] = float(p_values[number])
    of_thirds = layout.gain_of_thirds
    for number, row in enumerate(rows):
        once, resampled = sum_of(cells.within[number])
        row |= _correlated("networks", once.rho, resampled.rho)
        row["p_networks"] = float(once.p_value)
        for third, (once, resampled) in zip(THIRDS, cells.within[number], strict=True):
            row |= _correlated(f"networks_{third}", once.rho, resampled.rho)
        row |= _in_thirds(of_thirds(gain, measured[number]), of_thirds(gains, again[:, number]))
    for kind in KINDS:
        corrected = holm_p_values([row[f"p_{kind}"] for row in rows])
        for row, p_value in zip(rows, corrected.tolist(), strict=True):
            row[f"holm_{kind}"] = p_value
    return rows


def _correlated(kind: str, rho: Array, drawn: Array) -> dict[str, Any]:
    low, high = normal_interval(float(rho), drawn)
    return {f"rho_{kind}": float(rho), f"rho_{kind}_low": low, f"rho_{kind}_high": high}


def _p_values(x: Array, y: Array, layout: PanelLayout) -> Array:
    """(M,) of correlations of x (K,) and y (M, K) at least as large with the measure of others."""
    rho = np.abs(correlation(x, y))
    extreme = np.zeros(len(y))
    for which in layout.permuted(RESAMPLES, np.random.default_rng(0)):
        for number, values in enumerate(y):
            others = np.abs(correlation(x, np.where(which < 0, np.nan, values[which])))
            extreme[number] += np.count_nonzero(others >= rho[number] - 1e-12)
    return np.where(np.isnan(rho), np.nan, (1 + extreme) / (1 + RESAMPLES))


def _in_thirds(gains: Array, drawn: Array) -> dict[str, Any]:
    """Means of thirds (3,), resampled ones (D, 3), and how far the middle one stands out."""

    def with_hump(means: Array) -> Array:
        hump = means[..., 1] - np.maximum(means[..., 0], means[..., 2])
        return np.concatenate([means, hump[..., None]], axis=-1)

    margins = stats.norm.ppf(1 - LEVEL / 2) * with_hump(drawn).std(axis=0, ddof=1)
    row: dict[str, Any] = {}
    for name, value, margin in zip(MEANS, with_hump(gains), margins, strict=True):
        row |= {name: value, f"{name}_low": value - margin, f"{name}_high": value + margin}
    return row
