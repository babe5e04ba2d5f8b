"""The columns of the files that a person takes away: names, types, units, order and definitions.

Programs rely on names and order: a column that is new stands at the end.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from dynstudy.config import Configuration
from dynstudy.measure.measure import Measure
from dynstudy.measure.measures import MEASURES, PINNED, added, net_names


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    unit: str  # empty where it has none
    definition: str
    dtype: Literal["float64", "Int64", "boolean", "string"] = "float64"
    """As pandas calls it: whichever values there are, and if there are none."""


def names(columns: Iterable[Column]) -> list[str]:
    """What a table has above its columns."""
    return [column.name for column in columns]


def typed(frame: pd.DataFrame, columns: Iterable[Column]) -> pd.DataFrame:
    """Return a table whose columns, those of `columns` and no others, have their types."""
    return frame.astype({column.name: column.dtype for column in columns})


def raw_of(name: str) -> str:
    """The column of a measure before the static loss's is taken off."""
    return f"raw_{name}"


def static_of(name: str) -> str:
    """The column of what is taken off."""
    return f"static_{name}"


def of_network(measure: Measure) -> Column:
    """A measure as a column of networks."""
    net = ", minus the static loss's mean, read at the same steps" if measure.net else ""
    return Column(measure.name, measure.unit, measure.definition + net)


def of_cell(measure: Measure) -> Column:
    """A measure as a column of cells."""
    net = ", minus the static loss's, read at the same steps" if measure.net else ""
    return Column(
        measure.name, measure.unit, f"mean over the replicates{net}: {measure.definition}"
    )


RAW = tuple(
    Column(
        raw_of(name),
        MEASURES[name].unit,
        f"`{name}` before the static loss's is taken off, as the ledger has it",
    )
    for name in net_names()
)
STATIC = tuple(
    Column(
        static_of(name),
        MEASURES[name].unit,
        f"what is taken off `{name}`: the mean over the static loss's networks, read at the same "
        "steps",
    )
    for name in net_names()
)

_CELL = {name: of_cell(MEASURES[name]) for name in PINNED}
_ACCURACY = MEASURES["val_accuracy"].unit

AXES = (
    Column("loss", "", "loss function; `ce` and `mse` are static", "string"),
    Column("width", "units", "hidden units", "Int64"),
    Column("learning_rate", "", "η"),
    Column("amplitude", "", "A; empty where static"),
    Column("period", "steps", "T, one class's rise and fall; empty where static", "Int64"),
)
NOISE = Column(
    "noise",
    "rad",
    "standard deviation of a spiral's points in angle, where it is an axis; empty elsewhere",
)
LEDGER_CONFIGURATION = Column(
    "ledger_configuration",
    "",
    "the cell's networks in the ledger: `configuration` of `dynstudy_replicate`",
    "string",
)
FIRST = (
    *AXES,
    _CELL["val_accuracy"],
    Column("sem", _ACCURACY, "standard error of `val_accuracy`"),
    Column("gain", _ACCURACY, "`val_accuracy` minus that of the static loss"),
    Column("gain_low", _ACCURACY, "lower end of the gain's 95 % interval"),
    Column("gain_high", _ACCURACY, "upper end of the gain's 95 % interval"),
    Column(
        "p_value",
        "",
        "two-sided permutation test of a gain of 0; where replicates come in rounds, corrected for "
        "the looks",
    ),
    Column("q_value", "", "Benjamini-Hochberg of the p-values of one loss and width"),
    Column(
        "regime",
        "",
        "useful, harmful, neutral, unsettled, untested, diverged, missing or baseline",
        "string",
    ),
    _CELL["forgetting"],
    Column(
        "forgetting_sem", _ACCURACY, "standard error of `forgetting`, the static loss's included"
    ),
    _CELL["unrecovered"],
    Column("forgets", "", "whether forgetting is catastrophic: significantly above 0.4", "boolean"),
    Column("replicates", "networks", "how many there are", "Int64"),
    Column("diverged", "networks", "how many of them diverged", "Int64"),
)
"""What tables in a terminal show of a cell."""

MAP = (
    *FIRST,
    _CELL["train_accuracy"],
    _CELL["val_accuracy_before_tail"],
    Column("replicates_planned", "networks", "how many the study asks for", "Int64"),
    LEDGER_CONFIGURATION,
    _CELL["lasting"],
    Column(
        "predicted", "", "whether the cell was not trained, but predicted from others", "boolean"
    ),
    *STATIC,
    NOISE,
    *map(of_cell, added()),
)
"""A row is a cell."""


def configuration_in(row: Mapping[str, Any]) -> Configuration:
    """The configuration of a row that has its axes, absent ones as None."""
    return Configuration(**{name: row[name] for name in names((*AXES, NOISE))})
