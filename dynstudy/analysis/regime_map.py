"""What a study found, as a table: one row per cell, from the ledger."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd

from dynstudy.analysis._map_notes import notes_of
from dynstudy.analysis.atlas import Atlas, atlas_of
from dynstudy.analysis.atlas_edges import AtlasEdges, find_edges
from dynstudy.analysis.atlas_slope import BandSlope, band_slope
from dynstudy.analysis.best_of_many import largest_by_chance
from dynstudy.analysis.panel_surface import PanelSurface, fit_panel
from dynstudy.arrays import Array
from dynstudy.config import place_name
from dynstudy.measure.accuracy import with_error
from dynstudy.measure.measures import MEASURES
from dynstudy.protocol import Protocol
from dynstudy.search.prediction import predict_cells
from dynstudy.statistics.cell_tests import CELL_TESTS, CellTests
from dynstudy.statistics.columns import NOISE
from dynstudy.statistics.labelled_cells import judge
from dynstudy.statistics.labels import BASELINE, DIVERGED, UNTESTED, USEFUL
from dynstudy.statistics.samples import rows_digest
from dynstudy.store.ledger import Ledger
from dynstudy.store.ledgers import ledger_of
from dynstudy.store.studies import Storage
from dynstudy.study.confirmation import FLATTERED
from dynstudy.study.spec import StudySpec
from dynstudy.task.losses import LOSSES

PANEL = ["loss", "width", "learning_rate"]
PanelKey = tuple[str, int, float] | tuple[str, int, float, float]
"""Loss, width and learning rate, and the noise where that is an axis."""

PREDICTIONS: dict[str, Callable[[Any, optuna.Study, Ledger], tuple[pd.DataFrame, int]]] = {
    "boundary": predict_cells
}
"""By kind of study, what predicts the cells that it does not train."""


@dataclass(frozen=True)
class RegimeMap:
    """What a study found: a map, or the cells that a search has tried."""

    spec: StudySpec
    frame: pd.DataFrame  # a row per cell of the study, predicted ones last; columns.MAP first
    notes: list[str]  # what a reader has to know before believing it
    outcomes: list[Array]  # final validation accuracies of each row's replicates
    lost: list[Array] = field(default_factory=list)  # their forgetting, before the static loss's
    ledger: str = ""  # SHA-256 of the rows of the ledger that it stands on
    trials: int | None = None  # complete ones
    measured: list[Mapping[str, Array]] = field(default_factory=list)
    """All measures of each row's replicates, by name; nan where one is not defined."""
    atlas: Atlas | None = None  # its pixels, of an atlas
    _surfaces: dict[PanelKey, PanelSurface | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @cached_property
    def edges(self) -> AtlasEdges | None:
        """The smoothed pixels of an atlas, and where its regimes end; None if there are none."""
        return None if self.atlas is None else find_edges(self.atlas)

    @cached_property
    def slope(self) -> BandSlope | None:
        """How the useful region of an atlas lies, if that can be said."""
        return None if self.edges is None else band_slope(self.edges)

    @property
    def cells(self) -> int:
        """Cells that are trained: trials, so that a search's baselines are none."""
        return len(self.trained()) if self.trials is None else self.trials

    def baselines(self) -> pd.DataFrame:
        """The static cells."""
        return self.frame[self.frame.regime == BASELINE]

    def baseline(
        self, loss: str, width: int, learning_rate: float, noise: float = math.nan
    ) -> pd.DataFrame:
        """The static cell that a panel is judged against, if the study has it."""
        return _of(self.baselines(), LOSSES[loss].static, width, learning_rate, noise)

    def baseline_outcomes(
        self, loss: str, width: int, learning_rate: float, noise: float = math.nan
    ) -> Array:
        """Final validation accuracies (m,) of what a panel is judged against, possibly none."""
        static = self.baseline(loss, width, learning_rate, noise)
        return self.outcomes[static.index[0]] if len(static) else np.empty(0)

    def dynamical_cells(self) -> pd.DataFrame:
        """The dynamical cells."""
        return self.frame[self.frame.amplitude.notna()]

    def trained(self) -> pd.DataFrame:
        """The cells that have replicates."""
        return self.frame[self.frame.replicates > 0]

    @property
    def noisy(self) -> bool:
        """Whether the noise of the spirals is an axis."""
        return bool(self.frame.noise.notna().any())

    def panels(self) -> Iterator[tuple[PanelKey, pd.DataFrame]]:
        """Its dynamical cells by loss, width and learning rate, in that order, and by noise."""
        columns = [*PANEL, NOISE.name] if self.noisy else PANEL
        for (loss, width, *rest), cells in self.dynamical_cells().groupby(columns, sort=True):
            yield (str(loss), int(width), *map(float, rest)), cells  # type: ignore[misc]

    def surface(
        self, loss: str, width: int, learning_rate: float, *noise: float
    ) -> PanelSurface | None:
        """The surface of a panel, fitted when it is first asked for; None if there is none."""
        key: Any = (loss, width, learning_rate, *noise)
        if key not in self._surfaces:
            panel = _of(self.dynamical_cells(), *key)
            samples = [self.outcomes[index] for index in panel.index]
            self._surfaces[key] = fit_panel(panel, samples, self.baseline_outcomes(*key))
        return self._surfaces[key]

    def best_of_widths(self) -> pd.DataFrame:
        """Of each loss, learning rate and width the trained cell of largest accuracy, in order."""
        best = self.trained().groupby(["loss", "learning_rate", "width"]).val_accuracy.idxmax()
        return self.frame.loc[best]

    def ranked(self, by: str | None = None) -> pd.DataFrame:
        """Return trained cells, best first: by what the study maximizes, or by another column.

        Cells where that is not defined, as the gain of a static loss, come last.
        """
        return self.trained().sort_values(by or self.spec.best_by, ascending=False, kind="stable")

    def pareto_front(self, by: str | None = None) -> pd.DataFrame:
        """Those of `ranked` that no narrower or equally wide one surpasses, by ascending width."""
        by = by or self.spec.best_by
        ordered = self.ranked(by).dropna(subset=by).sort_values("width", kind="stable")
        before = ordered[by].cummax().shift(fill_value=-np.inf)
        return ordered[ordered[by] > before]

    def best_by_chance(self, loss: str, learning_rate: float) -> pd.DataFrame:
        """The accuracy of the best cell of each width if none did anything.

        Returns:
            A row per width, ascending, that has several trained cells and a baseline: ``width``,
            how many ``cells``, ``val_accuracy``.
        """
        rows = []
        for key, panel in self.panels():
            its_loss, width, rate = key[:3]
            trained = panel[panel.replicates > 0]
            static = self.baseline_outcomes(*key)
            if (its_loss, rate) == (loss, learning_rate) and len(trained) > 1 and len(static) > 1:
                replicates = int(trained.replicates.median())
                best = largest_by_chance(static, len(trained), replicates)
                rows.append({"width": width, "cells": len(trained), "val_accuracy": best})
        return pd.DataFrame(rows, columns=["width", "cells", "val_accuracy"])

    def static_accuracy(
        self, loss: str, width: int, learning_rate: float, noise: float = math.nan
    ) -> str:
        """What the cells of a panel are judged against, in words."""
        static = self.baseline(loss, width, learning_rate, noise)
        if not len(static):
            return "no static baseline"
        row: Any = static.iloc[0]
        return (
            f"static {row.loss}: {with_error(row.val_accuracy, row['sem'])} (n = {row.replicates})"
        )

    def headline(self) -> str:
        """What came out, in a line or two: the largest gain, and how many cells are useful."""
        dynamical = self.dynamical_cells()
        useful = int((dynamical.regime == USEFUL).sum())
        untested = int((dynamical.regime == UNTESTED).sum())
        counted = f"{useful} of {len(dynamical)} dynamical cells useful"
        if predicted := int(dynamical.predicted.sum()):
            counted += f", {predicted} are predicted"
        if untested == len(dynamical) > 0:
            counted = f"{untested} dynamical cells, all untested"
        elif untested:
            counted += f", {untested} untested"
        with_gain = dynamical[
            dynamical.gain.notna() & (dynamical.regime != DIVERGED) & (dynamical.replicates > 0)
        ]
        if not len(with_gain):
            return f"{self.spec.name}: no gain known; {counted}"
        shown = with_gain[with_gain.regime == USEFUL]
        candidates = shown if len(shown) else with_gain
        best: Any = candidates.loc[candidates.gain.idxmax()]
        static = self.baseline(best.loss, best.width, best.learning_rate, best.noise)
        error = math.hypot(best["sem"], static["sem"].iloc[0]) if len(static) else math.nan
        gain = with_error(best.gain, error, "+.3f")
        what = f"{best.loss.upper()} at width {best.width}"
        if dynamical.learning_rate.nunique() > 1:
            what += f" and learning rate {best.learning_rate:g}"
        if self.noisy:
            what += f" and noise {best.noise:g}"
        where = place_name(best.amplitude, best.period)
        if not len(shown):
            return f"{counted}; the largest gain, of {what}, is {gain} at {where}"
        return f"{what} gains up to {gain} at {where}; {counted}"

    def caption(self) -> str:
        """What a picture of it is of, in small print."""
        protocol = self.spec.protocol
        rates = ", ".join(f"{rate:g}" for rate in sorted(self.frame.learning_rate.unique()))
        flattered = f"; {FLATTERED}" if len(self.dynamical_cells()) > 1 else ""
        return (
            f"{self.spec.name}: {protocol.steps_said} steps, η = {rates}, "
            f"{self.spec.replicates_said} replicates a cell ({self.spec.baseline_replicates} "
            f"static){flattered}\n"
            f"{self.condition}; ledger {self.ledger[:12]}"
        )

    @property
    def condition(self) -> str:
        """What every statement of it is conditional on."""
        return conditional(self.spec.protocol)


def panel_name(key: PanelKey) -> str:
    """Return what a panel is of, in words.

    >>> panel_name(("dce", 20, 1.0)), panel_name(("dce", 20, 1.0, 0.25))
    ('dce, width 20, learning rate 1', 'dce, width 20, learning rate 1, noise 0.25')
    """
    loss, width, rate, *noise = key
    return f"{loss}, width {width}, learning rate {rate:g}" + "".join(
        f", noise {each:g}" for each in noise
    )


def _of(
    cells: pd.DataFrame, loss: str, width: int, learning_rate: float, noise: float = math.nan
) -> pd.DataFrame:
    same = (cells.loss == loss) & (cells.width == width) & (cells.learning_rate == learning_rate)
    return cells[same if math.isnan(noise) else same & (cells.noise == noise)]


def regime_map(
    storage: Storage, name: str, tests: CellTests = CELL_TESTS, ledger: Ledger | None = None
) -> RegimeMap:
    """Read the map of a study, cells that are not trained yet included."""
    spec = storage.spec(study := storage.study(name))
    ledger = ledger or ledger_of(storage.engine, spec)
    cells = spec.cells(study)
    labelled = judge(ledger, cells, spec.baseline_seeds, spec.family, spec.rounds, tests)
    frame, samples = labelled.frame, labelled.compared.samples
    notes = notes_of(spec, frame, list(labelled.compared.baselines.values()))
    if ledger.unknown:
        titles = " and no ".join(measure.title for measure in ledger.unknown)
        notes.append(
            f"an older dynstudy made this database, which has no {titles}; the next dynstudy run "
            "on it fills it in"
        )
    outcomes = [sample.val_accuracy for sample in samples]
    lost = [sample.forgetting for sample in samples]
    measured = [sample.measures for sample in samples]
    rows = rows_digest(frame.ledger_configuration.tolist(), samples)
    if (predict := PREDICTIONS.get(spec.kind)) is not None:
        predicted, unsettled = predict(spec, study, ledger)
        if len(predicted):
            frame = pd.concat([frame, predicted.astype(frame.dtypes)], ignore_index=True)
            outcomes += [np.empty(0)] * len(predicted)
            lost += [np.empty(0)] * len(predicted)
            measured += [dict.fromkeys(MEASURES, np.empty(0))] * len(predicted)
            notes.append(
                f"{len(predicted)} of {len(frame)} cells are not trained but predicted from those "
                f"that are, {unsettled} of them not settled"
            )
    trials = storage.count_cells(study)
    atlas = atlas_of(ledger, labelled.compared.baselines)
    return RegimeMap(spec, frame, notes, outcomes, lost, rows, trials, measured, atlas)


def conditional(protocol: Protocol) -> str:
    """What every statement of a map is conditional on."""
    data, initial = protocol.data, protocol.initial
    start = f"the start in {Path(initial.file).name}, " if initial is not None else ""
    return f"conditional on {start}{data.condition}"
