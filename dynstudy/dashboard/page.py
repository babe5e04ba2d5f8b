"""What a study's page of the dashboard carries: figures, a note, files; refreshed in place."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import optuna
import optuna_dashboard
import pandas as pd
import plotly.graph_objects as go
import tomli_w

from dynstudy.analysis.boundaries import find_boundaries, has_boundaries
from dynstudy.analysis.measure_map import INSTABILITIES, has_instability, map_of_measures
from dynstudy.analysis.regime_map import RegimeMap, panel_name, regime_map
from dynstudy.config import cell_name
from dynstudy.dashboard.artifacts import (
    Filler,
    artifacts_folder,
    artifacts_missing,
    refresh_artifacts,
)
from dynstudy.dashboard.contents import contents_of, keep
from dynstudy.dashboard.note import split_note, write_note
from dynstudy.dashboard.responses import FIGURE
from dynstudy.measure.accuracy import with_error
from dynstudy.pictures.interactive.accuracy import WIDTH_FIGURE, accuracy_over_width, search_figures
from dynstudy.pictures.interactive.atlas_tiles import MOST_TILES, TILES_FIGURE, tiles_figure
from dynstudy.pictures.interactive.measure_map import MEASURE_FIGURE, measures_figure
from dynstudy.pictures.interactive.regime_map import MOST_PANELS, map_figures
from dynstudy.pictures.regime_map import save_map
from dynstudy.report.gain_grids import headline
from dynstudy.report.overview import launch_facts
from dynstudy.report.rows import to_csv, with_interval
from dynstudy.store.launches import launches
from dynstudy.store.ledger import Ledger
from dynstudy.store.rename_note_tag import NOTE, note_of
from dynstudy.store.studies import Storage
from dynstudy.study.confirmation import CONFIRM

PUBLISHED = "dynstudy:published"
"""The system attribute that says that a page is whole, and what its note was."""

BEST = 5
"""Trials of a search that its note names."""


@dataclass(frozen=True)
class Page:
    """What is on a page, whatever kind of study it is of."""

    figures: dict[str, go.Figure]  # by identifiers that stay the same
    files: dict[str, Filler]  # by name
    headline: list[str]  # what was found, plain text
    notes: list[str] = field(default_factory=list)  # what to know before believing it


def map_page(study_map: RegimeMap, present: list[str]) -> Page:
    """The page of a map: maps, instabilities where there are, accuracy over width, files, lines."""
    dynamical = study_map.dynamical_cells()
    lines = []
    for key, panel in study_map.panels():
        facts = "; ".join(headline(panel).splitlines())
        named = panel_name(key).replace(key[0], key[0].upper(), 1)
        lines.append(f"{named} ({study_map.static_accuracy(*key)}): {facts}")
    for row in () if len(dynamical) else study_map.baselines().itertuples():
        static = study_map.static_accuracy(str(row.loss), int(row.width), float(row.learning_rate))
        lines.append(f"width {row.width}, learning rate {row.learning_rate:g}: {static}")
    if len(lines) > MOST_PANELS:
        hidden = len(lines) - MOST_PANELS
        lines = [*lines[:MOST_PANELS], f"and {hidden} more; cells.csv has all of them"]
    if len(dynamical) > 1:
        lines.append(CONFIRM)
    figures = map_figures(study_map, present)
    if figures and has_instability(study_map):
        figures[MEASURE_FIGURE] = measures_figure(map_of_measures(study_map, INSTABILITIES))
    figures[WIDTH_FIGURE] = accuracy_over_width(study_map)
    files = _files(study_map, "map.png")
    if has_boundaries(study_map):
        files["boundaries.csv"] = _text(to_csv(find_boundaries(study_map)))
    return Page(figures, files, lines, study_map.notes)


def atlas_page(study_map: RegimeMap, _present: list[str]) -> Page:
    """The page of an atlas below its pixels: tiles, files, what came out."""
    tiles, spec = study_map.dynamical_cells(), cast(Any, study_map.spec)
    right, upwards = spec.axes
    lines = ["; ".join(headline(tiles, (right.name, upwards.name)).splitlines()), CONFIRM]
    figures = {TILES_FIGURE: tiles_figure(study_map)} if len(tiles) <= MOST_TILES else {}
    return Page(figures, _files(study_map, "map.png"), lines, study_map.notes)


def search_page(study_map: RegimeMap, _present: list[str]) -> Page:
    """The page of a search: trials over width and over A and T, picture, cells, the best."""
    best = study_map.ranked()
    lines = [
        f"{_aimed_at(row, study_map.spec.best_by)} (n = {row.replicates}): {cell_name(row)}"
        for _, row in best.head(BEST).iterrows()
    ]
    figures = search_figures(study_map)
    files = _files(study_map, "search.png") if figures else {}
    return Page(figures, files, lines, study_map.notes)


def _aimed_at(row: Any, by: str) -> str:
    """What a search maximizes, of one of its cells."""
    accuracy = with_error(row.val_accuracy, row["sem"])
    if by != "gain" or pd.isna(row.gain):
        return accuracy
    return f"gain {with_interval(row, 'gain')}, accuracy {accuracy}"


def _files(study_map: RegimeMap, picture: str) -> dict[str, Filler]:
    return {
        picture: lambda path: save_map(study_map, path),
        "cells.csv": _text(to_csv(study_map.frame)),
    }


def _text(text: str) -> Filler:
    return lambda path: path.write_text(text, encoding="utf-8")


PAGES: dict[str, Callable[[RegimeMap, list[str]], Page]] = {
    "map": map_page,
    "search": search_page,
    "boundary": map_page,
    "atlas": atlas_page,
}
"""By kind of study, what makes its page, given the figures that are there."""


def publish(
    storage: Storage,
    name: str,
    folder: str | Path | None = None,
    ledger: Ledger | None = None,
) -> None:
    """Put a study's figures, note and files on its page, over what was there.

    `ledger` has its networks in memory where it was just trained.
    """
    study = storage.study(name)
    attributes = storage.system_attributes(study)
    present = sorted({
        key.removeprefix(FIGURE).rpartition(":")[0] for key in attributes if key.startswith(FIGURE)
    })
    cells = storage.count_cells(study)  # before they are read: there may be more by now
    study_map = regime_map(storage, name, ledger=ledger)
    spec = study_map.spec
    page = PAGES[spec.kind](study_map, present)
    contents = contents_of(study, cells, study_map, page.headline, page.figures)
    number = storage.study_id(study)
    users_words = _users_words(study, attributes.get(PUBLISHED, ""))
    # what is killed half-way is not taken for a whole page
    storage.optuna.set_study_system_attr(number, PUBLISHED, "")
    files = page.files | {"study.toml": _text(tomli_w.dumps(spec.resolved()))}
    refresh_artifacts(storage, study, files, artifacts_folder(storage.url, folder))
    keep(storage, number, contents, attributes)
    facts = [launch_facts(row) for row in launches(storage.engine, number)]
    note = write_note(spec, page.headline, page.notes, facts, users_words)
    if note != optuna_dashboard.get_note(study):
        optuna_dashboard.save_note(study, note)
    storage.optuna.set_study_system_attr(number, PUBLISHED, _digest(note))


def published(storage: Storage, name: str, folder: str | Path | None = None) -> bool:
    """Whether a study's page is there, and whole with its files."""
    study = storage.study(name)
    if not storage.system_attributes(study).get(PUBLISHED):
        return False
    return not artifacts_missing(storage, study, artifacts_folder(storage.url, folder))


def _digest(note: str) -> str:
    return hashlib.sha256(note.encode()).hexdigest()


def _users_words(study: optuna.Study, published_digest: str) -> str:
    """What the user wrote: as the study's attribute, or since then into the note on the page."""
    note = note_of(study).strip()
    body = optuna_dashboard.get_note(study)
    if not body or _digest(body) == published_digest:
        return note
    written = split_note(body)
    if not written or written == note:
        return note
    # nothing that a person wrote is lost
    kept = written if note in written else f"{note}\n\n{written}"
    study.set_user_attr(NOTE, kept)
    return kept
