"""What the viewer of an atlas asks for: what it draws, pieces of it, and numbers of a pixel."""

import json
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import numpy as np
import optuna

from dynstudy.analysis.pyramid import PIECE
from dynstudy.dashboard.atlases import Atlases, KeptAtlas
from dynstudy.measure.accuracy import with_error
from dynstudy.pictures.atlas_layers import Layer, axis_title, png_of
from dynstudy.pictures.interactive.regime_map import colour_scale
from dynstudy.report.rows import frame_rows, shown, with_interval
from dynstudy.study.pixel_axes import PixelAxis

FOR_GOOD = "max-age=31536000, immutable"  # what changes has another version in its name
EACH_TIME = "no-cache"
JSON, PNG = "application/json", "image/png"
Answer = tuple[HTTPStatus, str, str, str | bytes]
"""Status, type, how long it may be kept, and text or bytes."""

VIEWERS = {"atlas": "atlas.html"}
"""By kind of study, the template of what its page begins with, instead of its figures."""

AT = r"/studies/(\d{1,9})/atlas/([0-9a-f]{16})"
NUMBER = r"(\d{1,6})"


class AtlasAnswers:
    """Answers for the addresses of atlases.

    Args:
        atlases: those in memory.
        study_of: a study by its number, None where there is none.
    """

    def __init__(self, atlases: Atlases, study_of: Callable[[str], optuna.Study | None]) -> None:
        self.atlases, self.study_of = atlases, study_of
        numbers = f"{NUMBER}/{NUMBER}"
        self.routes: list[tuple[re.Pattern[str], Callable[..., Answer]]] = [
            (re.compile(r"/studies/(\d{1,9})/atlas\.json", re.ASCII), self.described),
            (re.compile(rf"{AT}/([a-z_]+)/{NUMBER}/{numbers}\.png", re.ASCII), self.piece),
            (re.compile(rf"{AT}/pixels/{numbers}\.json", re.ASCII), self.pixel),
            (re.compile(rf"{AT}/tiles/{numbers}\.json", re.ASCII), self.tile),
        ]

    def described(self, number: str) -> Answer:
        """What there is to draw of an atlas as it is now."""
        return self._answer(number, "", lambda kept: (JSON, json.dumps(describe(kept))))

    def piece(
        self, number: str, version: str, name: str, level: str, column: str, row: str
    ) -> Answer:
        """A piece of an image."""

        def drawn(kept: KeptAtlas) -> tuple[str, bytes] | None:
            if name not in kept.names:
                return None
            layer, pyramid = kept.layer(name)
            values = pyramid.piece(int(level), int(column), int(row))
            return None if values is None else (PNG, png_of(values, layer))

        return self._answer(number, version, drawn)

    def pixel(self, number: str, version: str, column: str, row: str) -> Answer:
        """The numbers of a network."""
        return self._answer(number, version, lambda kept: _pixel(kept, int(column), int(row)))

    def tile(self, number: str, version: str, column: str, row: str) -> Answer:
        """What is said of a tile."""
        return self._answer(number, version, lambda kept: _tile(kept, int(column), int(row)))

    def _answer(
        self,
        number: str,
        version: str,
        answer: Callable[[KeptAtlas], tuple[str, str | bytes] | None],
    ) -> Answer:
        """Answer of an atlas: of its `version` for good, and of what it is now if that is gone."""
        kept = self.atlases.as_it_was(int(number), version)
        if kept is None:
            study = self.study_of(number)
            if study is None or self.atlases.storage.spec(study).kind not in VIEWERS:
                return refusal(HTTPStatus.NOT_FOUND, "there is no such atlas")
            kept = self.atlases.of(study)
        content = answer(kept)
        if content is None:
            return refusal(HTTPStatus.NOT_FOUND, "there is no such part of the atlas")
        keep = FOR_GOOD if kept.version == version else EACH_TIME
        return HTTPStatus.OK, content[0], keep, content[1]


def refusal(status: HTTPStatus, problem: str) -> Answer:
    """Say to a script why it does not get what it asked for."""
    return status, JSON, EACH_TIME, json.dumps({"problem": problem})


def describe(kept: KeptAtlas) -> dict[str, Any]:
    """What a page has to know to draw an atlas."""
    atlas = kept.atlas
    layers = [kept.layer(name) for name in kept.names]
    return {
        "version": kept.version,
        "piece": PIECE,
        "levels": len(layers[0][1].levels) if layers else 0,
        "recorded": int(atlas.recorded.sum()),
        "right": _axis(atlas.right),
        "upwards": _axis(atlas.upwards),
        "layers": [
            {
                "name": layer.name,
                "title": layer.title,
                "low": layer.low,
                "high": layer.high,
                "colours": [colour for _, colour in colour_scale(layer.colours)],
            }
            for layer, _ in layers
        ],
    }


def _axis(axis: PixelAxis) -> dict[str, Any]:
    return {
        "title": axis_title(axis.name),
        "pixels": axis.pixels,
        "low": axis.range.low,
        "high": axis.range.high,
        "log": axis.range.log,
        "tiles": [tile.stop for tile in axis.tiles],
    }


def _pixel(kept: KeptAtlas, column: int, row: int) -> tuple[str, str] | None:
    """Columns and rows count from the lowest values."""
    atlas = kept.atlas
    x, y = atlas.right, atlas.upwards
    if column >= x.pixels or row >= y.pixels:
        return None
    diverged = atlas.diverged_at[row, column]
    layers = (kept.layer(name)[0] for name in kept.names)
    said = {
        "at": {
            axis_title(axis.name): f"{axis.values[index]:.6g}"
            for axis, index in ((x, column), (y, row))
        },
        "seed": atlas.spec.seed_of(column, row),
        "trained": bool(atlas.recorded[row, column]),
        "diverged": None if np.isnan(diverged) else int(diverged),
        "measures": {layer.title: _number(layer.values[row, column], layer) for layer in layers},
    }
    return JSON, json.dumps(said)


def _number(value: float, layer: Layer) -> str:
    return "" if np.isnan(value) else f"{value:{layer.form}}"


def _tile(kept: KeptAtlas, column: int, row: int) -> tuple[str, str] | None:
    x, y = kept.atlas.right.middles, kept.atlas.upwards.middles
    if column >= len(x) or row >= len(y):
        return None
    index, trial = kept.cell(kept.atlas.spec.at(x[column], y[row]))
    (cell,) = frame_rows(kept.study_map().frame.loc[[index]])
    accuracy = cell["val_accuracy"]
    said = {
        "trial": trial,
        "label": shown(cell["regime"]) + ", forgets" * bool(cell["forgets"]),
        "gain": with_interval(cell, "gain"),
        "accuracy": "" if accuracy is None else with_error(accuracy, cell["sem"]),
        "networks": cell["replicates"],
    }
    return JSON, json.dumps(said)
