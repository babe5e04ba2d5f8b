"""Tables and curves of atlas.md, from what `python -m benchmarks fractal` and `slopes` wrote."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dynstudy.analysis.atlas_dimension import margin_of_draws
from dynstudy.arrays import Array
from dynstudy.pictures.fitting import add_legend_below
from dynstudy.pictures.style import CURVES, plainly, save
from dynstudy.report.rows import with_interval
from dynstudy.statistics.boundary_dimension import Shares

FOLDER = Path(__file__).resolve().parent / "atlas"
METHODS = "pairs", "boxes"


def read(name: str) -> pd.DataFrame:
    """A row for each atlas."""
    return pd.read_csv(FOLDER / f"{name}.csv")


def dimensions(names: list[str]) -> pd.DataFrame:
    """Of each width and zoom: how far it reaches, its dimensions, and what is rounding in it."""
    (name,) = names
    return pd.DataFrame(_dimensions(read(name)))


def _dimensions(frame: pd.DataFrame) -> Iterator[dict[str, str]]:
    for (width, rates, zoom), both in frame.groupby(["width", "rates", "zoom"]):
        double, single = (both[both.dtype == name] for name in ("float64", "float32"))
        yield {
            "width": str(width),
            "η": str(rates),
            "zoom": str(zoom),
            "reach of ln A": f"{np.log(both.amplitude_high / both.amplitude_low).mean():.2g}",
            "inside": f"{double.inside.mean():.0%}",
            **{f"{method}, float64": mean_with_interval(double[method]) for method in METHODS},
            "pairs, float32": mean_with_interval(single.pairs),
            "pixels that differ": f"{double.unlike.mean():.1%} of {double.unrelated.mean():.1%}",
        }


def slopes(names: list[str]) -> pd.DataFrame:
    """Of each width and learning rate: how much of the atlas is useful, and how the band lies."""
    (name,) = names
    return pd.DataFrame([
        {
            "width": row["width"],
            "η": f"{row['learning_rate']:g}",
            "useful": f"{row['useful']:.0%}",
            "surely": f"{row['surely']:.0%}",
            "d log A / d log T": with_interval(row, "slope", "+.2f") or "none",
            "rows": f"{row['rows']} of {row['pixels']}",
        }
        for row in read(name).to_dict("records")
    ])


def mean_with_interval(values: Any) -> str:
    """The mean of some draws, and its interval by Student's t."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    if len(values) < 3:
        each = " and ".join(f"{value:.2f}" for value in values)
        return f"{each} (n = {len(values)})" if each else "none"
    low, high = values.mean() + np.array([-1, 1]) * margin_of_draws(values)
    return f"{values.mean():.2f} [{low:.2f}, {high:.2f}]"


@plainly
def scales_figure(frame: pd.DataFrame) -> Figure:
    """The dimension by pairs from each distance to twice it, over the distances of all zooms."""
    planes = [*frame.groupby(["width", "rates"])]
    figure = Figure(figsize=(3.4 * len(planes), 3.6), layout="constrained")
    axes = figure.subplots(1, len(planes), sharey=True, squeeze=False)[0]
    for axis, ((width, rates), of_plane) in zip(axes, planes, strict=True):
        for colour, dtype in zip(CURVES, ("float64", "float32"), strict=False):
            at, mean, margin = _local(of_plane[of_plane.dtype == dtype])
            axis.errorbar(at, mean, margin, fmt="o-", ms=3, lw=1, color=colour, label=dtype)
        axis.set_xscale("log")
        axis.invert_xaxis()
        axis.set_title(f"width {width}, η {rates}", fontsize=9)
        axis.set_xlabel("distance in ln A (coarse to fine)")
        for whole in (1, 2):
            axis.axhline(whole, color="0.6", lw=0.8, ls=":")
    axes[0].set_ylabel("dimension by pairs")
    axes[0].set_ylim(0.8, 2.5)
    add_legend_below(figure, axes[0].get_legend_handles_labels()[0])
    return figure


def _local(frame: pd.DataFrame) -> tuple[Array, Array, Array]:
    """Distances, mean dimensions and margins over the draws, from the coarsest on."""
    names = [name for name in frame if name.startswith("pairs_")]
    distances = np.array([int(name.removeprefix("pairs_")) for name in names])
    local = np.array([Shares(distances, unlike).local for unlike in frame[names].to_numpy()])
    apart = np.log(frame.amplitude_high / frame.amplitude_low) / frame.pixels
    rows = []
    for zoom in sorted(frame.zoom.unique()):
        here = (frame.zoom == zoom).to_numpy()
        for number in reversed(range(local.shape[1])):
            values = local[here, number]
            values = values[np.isfinite(values)]
            if len(values):
                margin = margin_of_draws(values) if len(values) > 2 else np.nan
                rows.append((
                    apart[here].mean() * distances[number] * np.sqrt(2),
                    values.mean(),
                    margin,
                ))
    at, mean, margin = np.array(rows).T
    return at, mean, margin


def main() -> None:
    """Draw it."""
    save(scales_figure(read("boundary")), FOLDER / "boundary-scales.png", "boundary")


if __name__ == "__main__":
    main()
