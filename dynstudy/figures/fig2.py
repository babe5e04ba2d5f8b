"""Figure 2 of the paper: one network's bifurcations, and slices of the landscape about it."""

from typing import Any

from dynstudy.config import Configuration
from dynstudy.errors import DynstudyError
from dynstudy.figures.paper_figure import Choices, DrawnFigure, PaperFigure
from dynstudy.launch.first_oscillations import first_oscillations
from dynstudy.measure.landscape import FirstOscillations
from dynstudy.pictures.landscape import LETTERS, landscape_figure
from dynstudy.protocol import Protocol
from dynstudy.report.rows import Rows
from dynstudy.search.one_cell import named_trial, trial_configuration
from dynstudy.store.studies import Storage
from dynstudy.study.study_file import load_spec


def draw_landscape(storage: Storage | None, target: str, choices: Choices) -> DrawnFigure:
    """Γ, loss, accuracy and eigenvalues over the first oscillations of a network, and slices."""
    name, configuration, protocol = _network(storage, target)
    seed = choices.seed or 0
    shown = first_oscillations(
        configuration,
        protocol,
        seed=seed,
        oscillations=choices.oscillations,
        at=choices.at,
        backend=choices.backend or "auto",
    )
    title = f"{name}, {protocol.start_said(seed)}\n{configuration}"
    numbers = shown.table()
    return DrawnFigure(landscape_figure(shown, title), _rows(shown), numbers, _notes(shown))


def _network(storage: Storage | None, target: str) -> tuple[str, Configuration, Protocol]:
    """The name, configuration and protocol of a trial, or of the one cell of a study file."""
    if storage is None:
        spec = load_spec(target)
        cells = {cell.configuration for cell in spec.cells_ahead()}
        dynamical = [cell for cell in cells if not cell.static]
        if len(dynamical) != 1:
            raise DynstudyError(
                f"{target}: fig2 is of one network, and this study has {len(dynamical)} dynamical "
                "cells; leave one loss, width, learning rate, amplitude and period"
            )
        return spec.name, dynamical[0], spec.protocol
    trial = named_trial(target)
    if trial is None:
        raise DynstudyError(
            f"{target}: fig2 is of one network: a trial of a study, STUDY#NUMBER, as dynstudy show "
            "numbers them, or a study file of one dynamical cell, FILE.toml"
        )
    name, number = trial
    study = storage.study(name)
    return target, trial_configuration(study, number), storage.spec(study).protocol


def _rows(shown: FirstOscillations) -> Rows:
    """Where the landscape was looked at: onsets, and slices."""
    frame = shown.steps.set_index("step")

    def row(what: str, step: int) -> dict[str, Any]:
        here = frame.loc[step]
        read = {name: here[name] for name in ("loss", "train_accuracy", "lambda_1", "lambda_2")}
        after = frame.lambda_1.get(step + 1)
        values = {"at": what, "step": step, **read, "lambda_1_next": after}
        return {key: None if value != value else value for key, value in values.items()}

    rows = [row(f"onset {number}", step) for number, step in enumerate(shown.onsets, start=1)]
    for letter, each in zip(LETTERS, shown.slices, strict=False):
        first, second = each.eigenvalues.tolist()
        rows.append(row(f"slice {letter}", each.step) | {"lambda_1": first, "lambda_2": second})
    return rows


def _notes(shown: FirstOscillations) -> tuple[str, ...]:
    notes = [
        f"eigenvalues were read at {shown.eigenvalues_read} of {len(shown.steps)} steps, in pairs, "
        "more of them near onsets and the last switch of class"
    ]
    if not shown.onsets:
        notes.append("no instability sets in over these oscillations")
    if shown.onsets_seen > len(shown.onsets):
        notes.append(
            f"{shown.onsets_seen} instabilities set in; the first {len(shown.onsets)} are shown"
        )
    return tuple(notes)


FIGURE = PaperFigure(
    draw_landscape,
    takes=frozenset({"seed", "oscillations", "at", "backend"}),
    of_files=True,
)
