"""What a study's page of the dashboard carries: figures, a note, files; refreshed in place."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
import optuna_dashboard
import pandas as pd
import plotly.graph_objects as go
import tomli_w

from dynstudy.analysis.boundaries import find_boundaries, has_boundaries
from dynstudy.analysis.regime_map import regime_map, with_error
from dynstudy.dashboard.artifacts import artifacts_folder, refresh_artifacts
from dynstudy.dashboard.note import split_note, write_note
from dynstudy.pictures.interactive.over_width import WIDTH_FIGURE, width_figure
from dynstudy.pictures.interactive.regime_map import MOST_PANELS, map_figures
from dynstudy.pictures.interactive.search import search_figures
from dynstudy.pictures.regime_map import save_map
from dynstudy.report.map_text import headline
from dynstudy.report.overview import launch_facts
from dynstudy.report.rows import to_csv
from dynstudy.store.launches import launches
from dynstudy.store.rename_note_tag import NOTE, note_of
from dynstudy.store.studies import Storage

PUBLISHED = "dynstudy:published"
"""The system attribute that says that a page is whole, and what its note was."""

BEST = 5
"""Trials of a search that its note names."""

FIGURE = "dashboard:plot_data:"


@dataclass(frozen=True)
class Page:
    """What is on a page, whatever kind of study it is of."""

    figures: dict[str, go.Figure]  # by identifiers that stay the same
    files: dict[str, Callable[[Path], object]]  # by name, what fills each
    headline: list[str]  # what was found, plain text
    notes: list[str] = field(default_factory=list)  # what to know before believing it


def map_page(storage: Storage, study: optuna.Study, present: list[str]) -> Page:
    """The page of a map.

    Args:
        storage: where it is.
        study: the map.
        present: identifiers of the figures that the page has already.

    Returns:
        Its maps, the curve over width, the picture, the cells, and a line for each loss and width.
    """
    found = regime_map(storage, study.study_name)
    judged = found.judged()
    lines = []
    for (loss, width, rate), panel in found.panels():
        static = found.static_accuracy(loss, width, rate)
        facts = "; ".join(headline(panel).splitlines())
        lines.append(f"{loss.upper()}, width {width}, learning rate {rate:g} ({static}): {facts}")
    for row in () if len(judged) else found.baselines().itertuples():
        static = found.static_accuracy(str(row.loss), int(row.width), float(row.learning_rate))
        lines.append(f"width {row.width}, learning rate {row.learning_rate:g}: {static}")
    if len(lines) > MOST_PANELS:
        hidden = len(lines) - MOST_PANELS
        lines = [*lines[:MOST_PANELS], f"and {hidden} more; cells.csv has all of them"]
    if len(judged) > 1:
        lines.append(
            "A largest gain is the best of many, so chance has helped it: expect somewhat less "
            "of the same cell with new seeds"
        )
    figures = map_figures(found, present)
    figures[WIDTH_FIGURE] = width_figure(found)
    files: dict[str, Callable[[Path], object]] = {
        "map.png": lambda path: save_map(found, path),
        "cells.csv": lambda path: path.write_text(to_csv(found.frame), encoding="utf-8"),
    }
    if has_boundaries(found):
        edges = to_csv(find_boundaries(found))
        files["boundaries.csv"] = lambda path: path.write_text(edges, encoding="utf-8")
    return Page(figures, files, lines, found.notes)


def search_page(storage: Storage, study: optuna.Study, _present: list[str]) -> Page:
    """The page of a search.

    Args:
        storage: where it is.
        study: the search.

    Returns:
        Its trials over width and over amplitude and period, the picture, the cells, and the best.
    """
    found = regime_map(storage, study.study_name)
    best = found.trained().sort_values("val_accuracy", ascending=False)
    lines = [
        f"{with_error(row.val_accuracy, row['sem'])} (n = {row.replicates}): "
        f"{row.loss.upper()}, width {row.width}, learning rate {row.learning_rate:.4g}"
        + ("" if pd.isna(row.amplitude) else f", A = {row.amplitude:.4g}, T = {row.period:g}")
        for _, row in best.head(BEST).iterrows()
    ]
    files: dict[str, Callable[[Path], object]] = {
        "search.png": lambda path: save_map(found, path),
        "cells.csv": lambda path: path.write_text(to_csv(found.frame), encoding="utf-8"),
    }
    return Page(search_figures(found), files if len(best) else {}, lines, found.notes)


PAGES: dict[str, Callable[[Storage, optuna.Study, list[str]], Page]] = {
    "map": map_page,
    "search": search_page,
    "boundary": map_page,
}
"""By kind of study, what makes its page."""


def publish(storage: Storage, name: str, folder: str | Path | None = None) -> None:
    """Put a study's figures, note and files on its page, over what was there.

    Args:
        storage: where it is, open for writing.
        name: of the study.
        folder: of the artifacts; see `dynstudy.dashboard.artifacts.artifacts_folder`.

    Raises:
        StudyNotFoundError: there is no such study.
        DynstudyError: the artifacts cannot be written.
    """
    study, attributes = storage.study(name), _system_attributes(storage, name)
    present = sorted({
        key.removeprefix(FIGURE).rpartition(":")[0] for key in attributes if key.startswith(FIGURE)
    })
    spec = storage.spec(study)
    page = PAGES[spec.kind](storage, study, present)
    number = storage.study_id(study)
    own = _own_note(study, attributes.get(PUBLISHED, ""))
    # what is killed half-way is not taken for a whole page
    storage.optuna.set_study_system_attr(number, PUBLISHED, "")
    for identifier, figure in page.figures.items():
        optuna_dashboard.save_plotly_graph_object(study, figure, graph_object_id=identifier)
    text = tomli_w.dumps(spec.resolved())
    files = {**page.files, "study.toml": lambda path: path.write_text(text, encoding="utf-8")}
    refresh_artifacts(storage, study, files, artifacts_folder(storage.url, folder))
    runs = [launch_facts(row) for row in launches(storage.engine, number)]
    note = write_note(spec, page.headline, page.notes, runs, own)
    if note != optuna_dashboard.get_note(study):
        optuna_dashboard.save_note(study, note)
    storage.optuna.set_study_system_attr(number, PUBLISHED, _digest(note))


def published(storage: Storage, name: str) -> bool:
    """Whether a study's page is there, and whole."""
    return bool(_system_attributes(storage, name).get(PUBLISHED))


def _system_attributes(storage: Storage, name: str) -> dict[str, Any]:
    return storage.optuna.get_study_system_attrs(storage.study_id(storage.study(name)))


def _digest(note: str) -> str:
    return hashlib.sha256(note.encode()).hexdigest()


def _own_note(study: optuna.Study, published_digest: str) -> str:
    """What the user wrote: as the study's attribute, or since then into the note on the page."""
    own = note_of(study).strip()
    body = optuna_dashboard.get_note(study)
    if not body or _digest(body) == published_digest:
        return own
    written = split_note(body)
    if not written or written == own:
        return own
    # nothing that a person wrote is lost
    kept = written if own in written else f"{own}\n\n{written}"
    study.set_user_attr(NOTE, kept)
    return kept
