"""The picture of bifurcations.md: when λ2 reaches 2/η, and the multiplier -1, beside period 4."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from benchmarks.bifurcations import PREDICTORS
from docs.results_tables import FOLDER
from dynstudy.pictures.fitting import add_legend_below
from dynstudy.pictures.style import CURVES, plainly, save

SHOWN = ("second", "multiplier")
BINS = np.arange(-600, 1501, 50)


@plainly
def lags_figure(frame: pd.DataFrame) -> Figure:
    """Steps from two events to period 4, stacked by amplitude, from a row per passage.

    Returns:
        A panel per event, which says how many passages have it and no period 4.
    """
    figure = Figure(figsize=(8.0, 3.6), layout="constrained")
    axes = figure.subplots(1, len(SHOWN), sharey=True)
    for axis, name in zip(axes, SHOWN, strict=True):
        parts = {f"A = {amplitude:g}": part for amplitude, part in frame.groupby("amplitude")}
        lags = [
            (part.period4 - part[name]).dropna().clip(BINS[0], BINS[-1]) for part in parts.values()
        ]
        axis.hist(lags, BINS, stacked=True, color=CURVES[: len(parts)], label=list(parts))
        censored = int((frame[name].notna() & frame.period4.isna()).sum())
        missed = int((frame[name].isna() & frame.period4.notna()).sum())
        axis.set_title(
            f"{PREDICTORS[name]}\nand no period 4: {censored}; period 4 without it: {missed}",
            fontsize=9,
        )
        axis.axvline(0, color="0.3", linewidth=0.8)
        axis.set_xlabel("steps from it to period 4 (the last bars: or more)")
    axes[0].set_ylabel("passages")
    add_legend_below(figure, axes[0].get_legend_handles_labels()[0])
    return figure


def main() -> None:
    """Draw it."""
    frame = pd.read_csv(FOLDER / "bifurcations.csv")
    save(lags_figure(frame), FOLDER.parent / "bifurcations" / "lags.png", "bifurcations")


if __name__ == "__main__":
    main()
