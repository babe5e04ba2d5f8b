"""The tables of results.md and others, made from CSV files beside them that dynstudy wrote."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.bifurcations import PREDICTORS, comparison
from docs import atlas_tables, instability_tables
from dynstudy.analysis.first_onsets import COUNTS
from dynstudy.analysis.training_curves import CURVATURE, EDGE
from dynstudy.measure.records import LOSS
from dynstudy.report.boundary_text import boundary_lines

FOLDER = Path(__file__).resolve().parent / "results"
PAGE = FOLDER.parent / "results.md"
MARKER = re.compile(r"(<!-- table: (\w+) ([\w -]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def with_tables(text: str) -> str:
    """A page whose every table is what the files say now."""

    def made(marker: re.Match[str]) -> str:
        kind, names = marker[2], marker[3].split()
        return f"{marker[1]}\n{table(KINDS[kind](names))}\n\n{marker[4]}"

    return MARKER.sub(made, text)


def table(frame: pd.DataFrame) -> str:
    """Rows as Markdown."""
    lines = [list(frame.columns), ["---"] * len(frame.columns), *frame.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def cells(name: str) -> pd.DataFrame:
    """What `dynstudy map NAME` wrote."""
    return pd.read_csv(FOLDER / f"{name}.csv")


def over_width(names: list[str]) -> pd.DataFrame:
    """Figure 3: the static loss and the gain of each dynamical one, by width."""
    columns: dict[str, dict[int, str]] = {}
    for name in names:
        data = "" if len(names) == 1 else f", {name}"
        for loss, curve in cells(name).groupby("loss", sort=True):
            static = curve.amplitude.isna().all()
            title = f"{str(loss).upper()}{data}"
            columns[title if static else f"gain of {title}"] = {
                int(row.width): accuracy(row) if static else f"{gain(row)} {row.regime}"
                for row in curve.itertuples()
            }
    ordered = sorted(columns, key=lambda title: (title.partition(", ")[2], "gain" in title, title))
    frame = pd.DataFrame({title: columns[title] for title in ordered}).sort_index()
    return frame.rename_axis("width").reset_index()


def regimes(names: list[str]) -> pd.DataFrame:
    """Maps: how many cells are in which regime, and the largest gain, by width."""
    rows = []
    for name in names:
        frame = cells(name)
        for width, panel in frame[frame.amplitude.notna()].groupby("width"):
            (static,) = frame[frame.amplitude.isna() & (frame.width == width)].itertuples()
            best: Any = panel.loc[panel.gain.idxmax()]
            counts = panel.regime.value_counts()
            rows.append({
                "study": name,
                "width": width,
                "static": accuracy(static),
                **{regime: counts.get(regime, 0) for regime in REGIMES},
                "largest gain": f"{gain(best)} at A = {best.amplitude:g}, T = {best.period:g}",
            })
    return pd.DataFrame(rows)


def forgetting(names: list[str]) -> pd.DataFrame:
    """Maps: what the cells that forget catastrophically gain, and what lasts of it, by width."""
    rows = []
    for name in names:
        frame = cells(name)
        for width, panel in frame[frame.amplitude.notna()].groupby("width"):
            lost, kept = (panel[panel.forgets == value] for value in (True, False))
            counts = lost.regime.value_counts()
            rows.append({
                "study": name,
                "width": width,
                "cells that forget": len(lost),
                **{f"of them {regime}": counts.get(regime, 0) for regime in ("useful", "harmful")},
                "lasting, where they forget": spread(lost.lasting),
                "lasting, elsewhere": spread(kept.lasting),
            })
    return pd.DataFrame(rows)


def spread(values: pd.Series) -> str:
    """Median and range of cells."""
    return f"{values.median():+.2f} ({values.min():+.2f} to {values.max():+.2f})"


def accuracy(row: Any) -> str:
    """A mean and its standard error."""
    return f"{row.val_accuracy:.3f} ± {row.sem:.3f}"


def gain(row: Any) -> str:
    """A gain and its 95 % interval."""
    return f"{row.gain:+.3f} [{row.gain_low:+.3f}, {row.gain_high:+.3f}]"


def boundaries(names: list[str]) -> pd.DataFrame:
    """Maps: between which amplitudes the gain is above 0.02, and where forgetting sets in."""
    rows = []
    for name in names:
        dynamical = cells(name)
        dynamical = dynamical[dynamical.amplitude.notna()]
        edges = pd.read_csv(
            FOLDER / f"{name}-boundaries.csv", keep_default_na=False, na_values=[""]
        )
        edges["says"] = edges.says.fillna("")
        rows += [
            {
                "study": name,
                "width": line["width"],
                "T": line["period"],
                "useful amplitudes": line["useful_amplitudes"],
                "forgets from": line["forgets_from"],
            }
            for line in boundary_lines(dynamical, edges)
        ]
    return pd.DataFrame(rows)


def onsets(names: list[str]) -> pd.DataFrame:
    """Figure 4: curvature at first onsets by loss and learning rate, over the cells, and counts."""
    rows = []
    for name in names:
        frame = pd.read_csv(FOLDER / f"{name}-fig4.csv")
        for (loss, rate), of_rate in frame.groupby(["loss", "learning_rate"]):
            rows.append({
                "loss": str(loss).upper(),
                "η": f"{rate:g}",
                "λ̄η/2": over_cells(of_rate.curvature_edge),
                "finite difference · η/2": over_cells(of_rate.finite_difference_edge),
                **{
                    count.replace("_", " "): of_rate[count].sum() for count in ("networks", *COUNTS)
                },
            })
    return pd.DataFrame(rows)


def training(names: list[str]) -> pd.DataFrame:
    """Figure 1: λ̄η/2 in windows of steps and the last mean of the loss, by width and rate."""
    rows = []
    for name in names:
        frame = pd.read_csv(FOLDER / f"{name}-fig1.csv")
        for (width, rate), of_cell in frame.groupby(["width", "learning_rate"]):
            windows, losses, curve = (
                of_cell[of_cell.quantity == each] for each in (EDGE, LOSS, CURVATURE)
            )
            past = curve[curve["mean"] > 2 / rate].from_step
            rows.append({
                "width": width,
                "η": f"{rate:g}",
                **{
                    f"λ̄η/2, steps {each.from_step} to {each.to_step}": mean_of(each)
                    for _, each in windows.iterrows()
                },
                "largest mean λ̄η/2": f"{curve['mean'].max() * rate / 2:.2f}",
                "past 2/η from step": past.min() if len(past) else "",
                "last loss": mean_of(losses.iloc[-1], 4),
            })
    return pd.DataFrame(rows)


def bifurcations(names: list[str]) -> pd.DataFrame:
    """What period 4 comes with, of networks of each amplitude and of all."""
    (name,) = names
    frame = pd.read_csv(FOLDER / f"{name}.csv")
    main = {PREDICTORS["second"], PREDICTORS["multiplier"]}
    rows = [
        {"A": f"{amplitude:g}"} | row
        for amplitude, part in frame.groupby("amplitude")
        for row in comparison(part)
        if row["event"] in main
    ]
    return pd.DataFrame([*rows, *({"A": "all"} | row for row in comparison(frame))])


def mean_of(row: Any, digits: int = 3) -> str:
    """A mean of networks and its standard error."""
    return f"{row['mean']:.{digits}f} ± {row['sem']:.{digits}f}"


def over_cells(values: pd.Series) -> str:
    """The mean of cells, and from which to which they lie."""
    if values.isna().all():
        return ""
    return f"{values.mean():.3f} ({values.min():.3f} to {values.max():.3f})"


REGIMES = ("useful", "harmful", "neutral", "unsettled")
KINDS: dict[str, Callable[[list[str]], pd.DataFrame]] = {
    "associations": instability_tables.associations,
    "gain_of_thirds": instability_tables.gain_of_thirds,
    "networks_of_thirds": instability_tables.networks_of_thirds,
    "static_and_cells": instability_tables.static_and_cells,
    "dimensions": atlas_tables.dimensions,
    "slopes": atlas_tables.slopes,
    "over_width": over_width,
    "bifurcations": bifurcations,
    "regimes": regimes,
    "forgetting": forgetting,
    "boundaries": boundaries,
    "onsets": onsets,
    "training": training,
}
