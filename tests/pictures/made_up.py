"""Maps of noise, without training or a database, and figures as they are read back."""

import base64
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dynstudy.analysis.regime_map import RegimeMap
from dynstudy.pictures.map_description import MapPanel, describe_panel, largest_gain
from dynstudy.statistics.columns import MAP, names
from dynstudy.study.kinds.map import MapSpec

MapMaker = Callable[..., RegimeMap]
"""Makes a map of planted networks; keywords replace parts of its space."""

WIDTHS = [5, 9, 20]
"""Of that map."""


def made_up(spec: MapSpec, rng: np.random.Generator, **columns: Any) -> RegimeMap:
    """A map of noise; keywords replace its columns."""
    space = spec.space
    rows = [
        {"loss": loss, "width": width, "learning_rate": rate, "amplitude": a, "period": t}
        for loss in spec.loss
        for width in space.width
        for rate in space.learning_rate
        for a in space.amplitude
        for t in space.period or ()
    ]
    frame = pd.DataFrame(rows, columns=names(MAP))
    for name in ("val_accuracy", "sem", "gain", "gain_low", "gain_high", "forgetting"):
        frame[name] = rng.random(len(frame))
    frame = frame.assign(replicates=10, diverged=0, predicted=False)
    frame["regime"] = rng.choice(["useful", "harmful", "unsettled"], len(frame)).astype(object)
    frame["forgets"] = pd.Series((rng.random(len(frame)) < 0.5).tolist(), dtype=object)
    outcomes = [rng.normal(mean, 0.02, 10) for mean in frame.val_accuracy]
    return RegimeMap(spec, frame.assign(**columns), [], outcomes)


def with_baseline(study_map: RegimeMap, rng: np.random.Generator, turn: float = 20) -> RegimeMap:
    """The same cells beside a static one; accurate below an amplitude, and not above it."""
    static = study_map.frame.head(1).assign(loss="ce", amplitude=np.nan, period=np.nan)
    static = static.assign(regime="baseline", forgets=None)
    outcomes = [rng.normal(0.7 if a < turn else 0.3, 0.01, 10) for a in study_map.frame.amplitude]
    frame = pd.concat([study_map.frame, static], ignore_index=True)
    return RegimeMap(study_map.spec, frame, [], [*outcomes, rng.normal(0.5, 0.01, 40)])


def described(study_map: RegimeMap) -> MapPanel:
    """The only panel of a map, with its pooled boundaries."""
    ((key, cells),) = study_map.panels()
    return describe_panel(study_map, key, cells, largest_gain(study_map), pooled=True)


def read(value: Any) -> np.ndarray:
    """An array of a figure as the browser reads it."""
    if not isinstance(value, dict):
        return np.array(value, dtype=object)
    flat = np.frombuffer(base64.b64decode(value["bdata"]), np.dtype(value["dtype"]))
    return flat.reshape([int(size) for size in value.get("shape", str(len(flat))).split(",")])


def traces(figure: go.Figure) -> dict[str, dict[str, Any]]:
    """The traces of a page's figure by their names, or by their type where they have none."""
    return {
        trace.get("name", trace["type"]): trace for trace in json.loads(figure.to_json())["data"]
    }
