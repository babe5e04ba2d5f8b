"""The pictures of results.md, drawn from the CSV files in results/; ``make docs``.

Of what `dynstudy map` draws of a study with its database, those without boundaries need no more.
"""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from docs.results_tables import FOLDER, PAGE, cells
from dynstudy.analysis.first_onsets import FirstOnsets
from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.analysis.training_curves import TrainingCurves
from dynstudy.measure.landscape import FirstOscillations, LandscapeSlice
from dynstudy.pictures.first_onsets import first_onsets_figure
from dynstudy.pictures.landscape import landscape_figure
from dynstudy.pictures.regime_map import grid_figure
from dynstudy.pictures.style import save
from dynstudy.pictures.training_curves import training_figure
from dynstudy.study.study_file import load_spec

RUN = re.compile(r"\| `([\w-]+)` \| `(\S+)((?: --set \S+)*)` \|.*`([0-9a-f]{64})` \|")
"""A row of the page's table of runs: study, file, overrides, digest of its ledger rows."""


def drawn() -> dict[str, RegimeMap]:
    """The studies by the files of their pictures."""
    studies = {}
    for name, file, overrides, ledger in RUN.findall(PAGE.read_text(encoding="utf-8")):
        if _figure_of(name) in FIGURES:
            continue
        spec = load_spec(FOLDER.parents[1] / file, overrides.replace(" --set", "").split())
        frame = cells(name).assign(predicted=False)
        unread = [np.empty(0)] * len(frame)
        end = "-fig3" if name.startswith("fig3") else ""
        studies[f"{name}{end}.png"] = RegimeMap(spec, frame, [], unread, ledger=ledger)
    return studies


def figures() -> list[str]:
    """The figures of the paper that are of the page's runs, but for maps."""
    names = [_figure_of(name) for name, *_ in RUN.findall(PAGE.read_text(encoding="utf-8"))]
    return [name for name in dict.fromkeys(names) if name in FIGURES]


def _figure_of(study: str) -> str:
    """A figure has one study of its name, or several that begin with it."""
    return study.partition("-")[0]


def _of_onsets(name: str) -> Figure:
    """Figure 4, from what `dynstudy figure fig4` wrote."""
    frame = pd.read_csv(FOLDER / f"{name}-fig4.csv")
    return first_onsets_figure(FirstOnsets(tuple(frame.study.unique()), frame, ()))


def _of_oscillations(name: str) -> Figure:
    """Figure 2, from what `dynstudy figure fig2` wrote."""
    table = pd.read_csv(FOLDER / f"{name}-fig2.csv")
    parts = {part: rows.reset_index(drop=True) for part, rows in table.groupby("part")}
    spec = load_spec(FOLDER.parents[1] / "studies" / f"{name}.toml")
    (cell,) = (each.configuration for each in spec.cells_ahead() if not each.configuration.static)
    assert spec.protocol.initial is not None
    slices = []
    for step, rows in parts["slice"].groupby("step"):
        path, cut = (parts[part][parts[part].step == step] for part in ("path", "cut"))
        plane = rows.pivot(index="b", columns="a", values="loss")
        slices.append(
            LandscapeSlice(
                int(step),
                np.full(2, np.nan),
                plane.columns.to_numpy(),
                plane.index.to_numpy(),
                plane.to_numpy(),
                cut.loss.to_numpy(),
                path[["a", "b"]].to_numpy(),
                path.loss.to_numpy(),
            )
        )
    steps = parts["step"].drop(columns=["part", "j", "a", "b"])
    onsets = tuple(parts["onset"].step)
    period = int(cell.period or 0)
    shown = FirstOscillations(
        steps, onsets, len(onsets), period, len(steps) // period, cell.learning_rate, tuple(slices)
    )
    start = Path(spec.protocol.initial.file).name
    return landscape_figure(shown, f"{name}, from {start}\n{cell}")


def _of_training(name: str) -> Figure:
    """Figure 1, from what `dynstudy figure fig1` wrote."""
    spec = load_spec(FOLDER.parents[1] / "studies" / f"{name}.toml")
    return training_figure(TrainingCurves(spec, pd.read_csv(FOLDER / f"{name}-fig1.csv")))


FIGURES: dict[str, Callable[[str], Figure]] = {
    "fig1": _of_training,
    "fig2": _of_oscillations,
    "fig4": _of_onsets,
}
"""The studies whose picture is a figure of the paper that is no map, and what draws it."""


def main() -> None:
    """Draw all of them."""
    for name, study_map in drawn().items():
        save(grid_figure(study_map), FOLDER / name, study_map.spec.name)
    for name in figures():
        save(FIGURES[name](name), FOLDER / f"{name}-{name}.png", name)


if __name__ == "__main__":
    main()
