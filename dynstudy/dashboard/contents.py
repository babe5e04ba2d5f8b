"""What is shown of a study, as it is kept beside it: to make a large map anew takes seconds."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import optuna
import plotly.graph_objects as go
from pydantic import TypeAdapter

from dynstudy._version import __version__
from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.dashboard.responses import FIGURE, join_figures
from dynstudy.pictures.thumbnail import thumbnail
from dynstudy.report.rows import frame_rows
from dynstudy.statistics.columns import configuration_in
from dynstudy.store.studies import AnyStudy, Storage
from dynstudy.store.study_rows import SPEC
from dynstudy.study.tried import finished

CONTENTS = "dynstudy:contents"
"""The system attribute that holds them, but for the figures, which are the dashboard's."""

BEST = 10
"""Cells in the table of the best."""


@dataclass(frozen=True)
class Contents:
    """What is shown of a study; plain text and numbers."""

    version: str
    gain: dict[str, Any] | None  # the row of the cell that gains most
    picture: str  # a small one, as a PNG in base64; empty if there is none
    headline: list[str]
    notes: list[str]
    condition: str
    ledger: str  # SHA-256 of the rows it stands on
    best: list[dict[str, Any]]  # rows, each with the number of its trial
    figures: dict[str, str] = field(default_factory=dict)  # JSON, by identifier


CHECKED = TypeAdapter(Contents)


def version_of(study: AnyStudy, cells: int) -> str:
    """Return what changes when a study does: its file, its number of cells, the program."""
    text = json.dumps([study.user_attrs[SPEC], cells, __version__])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def contents_of(
    study: optuna.Study,
    cells: int,
    study_map: RegimeMap,
    headline: list[str],
    figures: Mapping[str, go.Figure],
) -> Contents:
    """What is shown of a study of so many cells: its map, what was found, and figures."""
    numbers = finished(study)
    ranked = study_map.ranked()
    best = frame_rows(ranked.head(BEST))
    for row in best:
        row["trial"] = numbers.get(configuration_in(row))
    gaining = study_map.ranked("gain")
    most = frame_rows(gaining[gaining.gain.notna() & gaining.amplitude.notna()].head(1))
    return Contents(
        version_of(study, cells),
        most[0] if most else None,
        thumbnail(study_map),
        headline,
        study_map.notes,
        study_map.condition,
        study_map.ledger,
        best,
        {name: figure.to_json() for name, figure in figures.items()},
    )


def keep(storage: Storage, number: int, contents: Contents, present: Iterable[str]) -> None:
    """Keep them with a study, whose attributes are `present`.

    Figures are kept where the dashboard looks for them. Its own function cuts them into pieces of
    2 kB, for MySQL, each in a transaction of its own: a map of 3000 cells took 82 of them more.
    """
    write = storage.optuna.set_study_system_attr
    for name, figure in contents.figures.items():
        key = f"{FIGURE}{name}:"
        write(number, f"{key}0", figure)
        for old in present:  # what is read after it, from an older dynstudy
            if old.startswith(key) and old != f"{key}0":
                write(number, old, "")
    values = asdict(contents) | {"figures": sorted(contents.figures)}
    write(number, CONTENTS, json.dumps(values, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(type(value))


def kept(attributes: Mapping[str, Any], version: str, *, figures: bool = True) -> Contents | None:
    """What was published of a study, if it has not changed since; None for what is damaged."""
    try:
        values = json.loads(attributes[CONTENTS])
        identifiers = dict.fromkeys(values["figures"] if figures else (), "")
        contents = CHECKED.validate_python(values | {"figures": identifiers})
    except (KeyError, TypeError, ValueError):
        return None
    if contents.version != version:
        return None
    pieces = {key: value for key, value in attributes.items() if key.startswith(FIGURE)}
    join_figures(pieces)
    drawn = {name: pieces.get(f"{FIGURE}{name}:0", "") for name in identifiers}
    contents.figures.update(drawn)
    return contents if all(drawn.values()) else None
