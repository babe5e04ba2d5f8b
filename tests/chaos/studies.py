"""Studies of every kind that take a second or two in many small chunks."""

from pathlib import Path
from typing import Any

import dynstudy
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec

_DATA = {"points_per_class": 30, "validation_points_per_class": 40}
_PROTOCOL = {"steps": 6000, "tail": 600, "data": _DATA}
_SPACE = {"learning_rate": 1.0, "amplitude": [3, 30, 300], "period": [30, 100], "width": [5, 9]}
_RANGES = {
    "learning_rate": 1.0,
    "amplitude": {"low": 2, "high": 300, "log": True},
    "period": {"low": 10, "high": 300},
    "width": [5, 9],
}
_MAP = {"kind": "map", "loss": "dce", "replicates": 3, "protocol": _PROTOCOL, "space": _SPACE}
_SEARCH = {
    "kind": "search",
    "loss": "dce",
    "replicates": 2,
    "protocol": _PROTOCOL,
    "search": {"sampler": "tpe", "trials": 16, "batch": 3, "n_startup_trials": 4},
    "space": _RANGES,
}
_SHORT = _PROTOCOL | {"steps": 2000, "tail": 300}
_READ = {"records": {"per_decade": 3}, "eigenvalues": 1, "onsets": True}

STUDIES: dict[str, dict[str, Any]] = {
    "map": _MAP,
    "losses": _MAP
    | {"loss": ["dce", "dmse2"], "replicates": 2, "space": _SPACE | {"learning_rate": [0.05, 0.1]}},
    "rounds": _MAP
    | {
        "replicates": {"min": 6, "max": 14},
        "protocol": _SHORT,
        "space": _SPACE | {"width": 5},
    },
    "search": _SEARCH,
    "qmc": _SEARCH | {"search": {"sampler": "qmc", "trials": 14, "batch": 4}},
    "boundary": {
        "kind": "boundary",
        "loss": "dce",
        "replicates": 6,
        "boundary": {"cells": 9, "batch": 3},
        "protocol": _SHORT,
        "space": _SPACE | {"amplitude": [3, 10, 30, 100, 300], "period": [10, 30, 100], "width": 5},
    },
    "onset": _MAP
    | {
        "protocol": {
            "steps": 3000,
            "tail": 0,
            "until": "onset",
            "curvature": {"records": [0], "eigenvalues": 1, "uphill": False},
            "data": _DATA,
        },
        "space": _SPACE | {"width": 9},
    },
    "curvature": _MAP
    | {
        "protocol": _SHORT | {"curvature": _READ},
        "space": _SPACE | {"width": 5},
    },
}
"""By name, the file without its `name`, which is the same."""

SIDE_BY_SIDE = {
    "map": _MAP | {"space": _SPACE | {"amplitude": [30, 300, 1000]}},
    "rounds": _MAP | {"replicates": 8, "protocol": _SHORT, "space": _SPACE | {"width": [5, 9]}},
}
"""Studies that are now and then run beside others, whose networks they share in part."""

IN_ANY_ORDER = {"map", "losses", "onset", "curvature"}
"""Those whose cells become trials as they are trained, which several workers do in any order."""


def file_of(name: str, beside: bool = False) -> dict[str, Any]:
    """Its file, or that of the study that is run beside it."""
    return (
        {"name": f"beside-{name}", **SIDE_BY_SIDE[name]}
        if beside
        else {"name": name, **STUDIES[name]}
    )


def spec_of(name: str) -> StudySpec:
    """The study as it is run."""
    return StudySpec.of(file_of(name))


def warm(name: str, folder: Path) -> None:
    """Run it here, so that processes which are forked from this one import and compile nothing."""
    storage = Storage(f"sqlite:///{folder}/warm.db", create=True)
    dynstudy.run(spec_of(name), storage=storage, backend="cpu", report=lambda _: None)
    storage.engine.dispose()
