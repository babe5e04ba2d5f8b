"""One study, read: cells, networks, boundaries, series, the best of it, and its map drawn."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from glob import escape
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from dynstudy.analysis import boundaries
from dynstudy.analysis.atlas import read_atlas
from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.config import Cell
from dynstudy.errors import DamagedError, DynstudyError
from dynstudy.export.replicate_table import replicates
from dynstudy.export.series_table import of_networks
from dynstudy.report.listing import list_rows
from dynstudy.report.overview import launch_facts
from dynstudy.report.rows import Rows, frame_rows
from dynstudy.results.cell_table import CellTable
from dynstudy.results.look import Look
from dynstudy.results.reading import reading
from dynstudy.search.one_cell import KEYS, choose_cell, trial_configuration
from dynstudy.statistics.columns import FIRST, MAP, names, typed
from dynstudy.statistics.labelled_cells import cells_asked_for
from dynstudy.store.launches import launches
from dynstudy.store.ledgers import ledger_of
from dynstudy.store.rename_note_tag import note_of, tags_of
from dynstudy.store.series import VALIDATION
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from matplotlib.figure import Figure

SHOWN = {
    "name": "study",
    "kind": "kind",
    "losses": "loss",
    "state": "status",
    "cells": "cells_done",
    "planned": "cells",
    "networks": "networks_trained",
    "date": "updated",
}
"""Of the rows of `list_rows`, under the names that are shown."""

CellName: TypeAlias = str | int | Mapping[str, Any]
"""Names a cell: text, as in ``--cell``; the number of its trial; or a row of a map."""

BRIEF = "loss width learning_rate amplitude period val_accuracy sem gain regime forgets".split()


def study_rows(
    storage: Storage, match: str = "*", skip: Callable[[DamagedError], None] | None = None
) -> list[dict[str, Any]]:
    """As `list_rows`, of each study: name, kind, losses, state, cells, networks, date."""
    rows = list_rows(storage, match=match, skip=skip)
    return [{name: row[key] for name, key in SHOWN.items()} for row in rows]


class Study(Look):
    """A study of a database, as in ``dynstudy.open()["quickstart"]``; it is read when asked."""

    def __init__(self, storage: Storage, name: str) -> None:
        self.name = name
        self._storage = storage

    @property
    @reading
    def spec(self) -> StudySpec:
        """The study file, every default filled in."""
        return self._storage.spec(self._study)

    @property
    @reading
    def state(self) -> str:
        """``running``, ``complete`` or ``incomplete``."""
        return str(self._row()["state"])

    @property
    @reading
    def note(self) -> str:
        """What a person wrote about it."""
        return note_of(self._study)

    @property
    @reading
    def tags(self) -> list[str]:
        """Its tags."""
        return tags_of(self._study)

    @property
    @reading
    def provenance(self) -> pd.DataFrame:
        """A row per launch: when, on what, with which versions, how it ended."""
        number = self._storage.study_id(self._study)
        return pd.DataFrame([launch_facts(row) for row in launches(self._storage.engine, number)])

    @property
    def _study(self) -> Any:
        return self._storage.study(self.name)

    def _row(self) -> dict[str, Any]:
        """As `study_rows` has it."""
        matched = escape(self._study.study_name)  # an error where it was deleted
        (row,) = study_rows(self._storage, matched)
        return row

    def _map(self) -> RegimeMap:
        return regime_map(self._storage, self.name)

    @reading
    def map(self) -> CellTable:
        """Return every cell, a row each, judged against its static loss and labelled.

        The columns are those of ``dynstudy map --format csv``, which ``docs/columns.md`` defines;
        ``to_xarray()`` of it has a dimension for each axis. Of a search, the cells that it tried.
        """
        return CellTable(typed(self._map().frame, MAP))

    @reading
    def replicates(self) -> pd.DataFrame:
        """Return every network, a row each, with the columns of ``dynstudy export`` as CSV."""
        return replicates(self._storage, self.name)

    @reading
    def boundaries(self) -> pd.DataFrame:
        """Return where the gain passes 0.02 and forgetting sets in, a row per edge and period.

        The columns are those of ``dynstudy map --boundaries --format csv``. Of an atlas, a row per
        edge and row of pixels.

        Raises:
            DynstudyError: the study is no map over amplitude, or an atlas without edges.
        """
        study_map = self._map()
        rows = boundaries.find_boundaries(study_map)
        return rows if study_map.atlas is not None else typed(rows, boundaries.COLUMNS)

    @reading
    def best(self, n: int = 5) -> pd.DataFrame:
        """Return the `n` best cells, best first: by accuracy, or gain where a search is for it.

        The best of many is flattered; ``dynstudy export`` trains it again on fresh seeds.

        Raises:
            DynstudyError: `n` is below 1.
        """
        if n < 1:
            raise DynstudyError(f"n = {n}: must be at least 1")
        return _best(self._map(), n)

    @reading
    def series(self, cell: CellName, name: str = VALIDATION) -> pd.DataFrame:
        """Return what was read along the training of each network of a cell.

        Args:
            cell: as it is named everywhere, ``"amplitude=300,period=100"`` or ``"A=300,T=100"``,
                with what the study has one value of left out; or a row of `map`; or the number of
                its trial.
            name: of the series: ``train`` and ``validation`` are the accuracy on each class; of a
                study with curvature, ``eigenvalues``, ``smallest_eigenvalue``, ``onsets``,
                ``uphill`` and ``loss`` are there as well, as it asks for them.

        Returns:
            A row for each seed and step, a column for each class, or each of what the series has
            (``lambda_1``, ``residual_1``, ...); nan from where a network diverged, or was not read.

        Raises:
            DynstudyError: there is no such cell, or no such series of it.
        """
        spec = self.spec
        ledger = ledger_of(self._storage.engine, spec)
        chosen = self._cell(cell, cells_asked_for(ledger, spec.cells(self._study), spec))
        networks = ledger.networks([chosen.configuration])[chosen.configuration]
        asked = {seed: networks[seed] for seed in chosen.seeds if seed in networks}
        recorded = sorted({key for _, named in asked.values() for key in named})
        if name not in recorded:
            there = f"there are {', '.join(recorded)}" if recorded else "nothing is trained yet"
            raise DynstudyError(f"series {name!r}: the cell has none of that name; {there}")
        joined = of_networks(asked, name, spec.protocol.data)
        seeds, steps = joined.index.levels
        return joined.reindex(pd.MultiIndex.from_product([seeds, steps]))

    @reading
    def pixels(self) -> pd.DataFrame:
        """Return a row for each trained network of an atlas: its seed, gain and measures, raw.

        Indexed by its two axes, that upwards first: ``pixels().gain.unstack()`` is the picture.

        Raises:
            DynstudyError: it is no atlas.
        """
        return read_atlas(self._storage, self.name).frame()

    @reading
    def plot(self) -> "go.Figure":
        """Return its map, or what its search tried, as a figure of plotly to look into.

        Of several losses, widths or learning rates, a menu in the figure chooses.
        """
        from dynstudy.results.shown_figures import ShownFigure

        return ShownFigure.of(self._map())

    @reading
    def figure(self) -> "Figure":
        """Return the picture that ``dynstudy map`` writes, as a figure of Matplotlib."""
        from dynstudy.results.shown_figures import shown_picture

        return shown_picture(self._map())

    def _cell(self, meant: CellName, all_cells: Sequence[Cell]) -> Cell:
        """The cell of at least one that a person means."""
        if not all_cells:
            raise DynstudyError(f"study {self.name!r} has no trained cell yet; run it first")
        if isinstance(meant, int | np.integer):
            meant = asdict(trial_configuration(self._study, int(meant)))
        if not isinstance(meant, str):
            values = {key: meant[key] for key in KEYS if key in meant and pd.notna(meant[key])}
            meant = ",".join(f"{key}={value}" for key, value in values.items())
        return choose_cell(all_cells, meant, called="cell")

    @reading
    def _look(self) -> tuple[str, Rows]:
        row = self._row()
        line = (
            f"{self.name}: {row['kind']} of {row['losses']}, {row['state']}, {row['cells']} of "
            f"{row['planned']} cells, {row['networks']} networks"
        )
        return line, frame_rows(_best(self._map(), 5)[BRIEF])


def _best(study_map: RegimeMap, n: int) -> pd.DataFrame:
    best = study_map.ranked().head(n)
    return typed(best[names(FIRST)], FIRST).reset_index(drop=True)
