"""An export: configurations to take away, with what they reached and where that comes from.

It is read as TOML alone, so that there is one reader to harden; JSON is for other programs.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
import tomli_w
from pydantic import Field, ValidationError, model_validator

from dynstudy.arrays import Array
from dynstudy.config import (
    MAX_AMPLITUDE,
    MAX_LEARNING_RATE,
    MAX_NOISE,
    MAX_PERIOD,
    MAX_REPLICATES,
    MAX_WIDTH,
    MIN_LEARNING_RATE,
    Configuration,
    LossName,
)
from dynstudy.errors import ExportError
from dynstudy.export.words import By, FileFormat, Per
from dynstudy.protocol import Protocol
from dynstudy.section import MAX_SEED, Section
from dynstudy.store.keys import configuration_key, digest
from dynstudy.store.origins import Origin
from dynstudy.study.spec import BASELINE_FACTOR
from dynstudy.study.toml_file import read_toml
from dynstudy.study.validation_messages import explain
from dynstudy.task.data.spirals import SpiralData
from dynstudy.task.schedule import oscillations

VERSION = 1
MARK = "dynstudy_export"
"""The key that tells an export from any other file, and whose value is its version."""

MOST_REPLICATES = BASELINE_FACTOR * MAX_REPLICATES

Share = Annotated[float, Field(ge=0, le=1)]

CONFIGURATION = tuple(field.name for field in fields(Configuration))

_NO_NUMBERS = {"first_seed", "replicates", "val_accuracies", "regime", "forgets", "measures"}


class Measured(Section):
    """What the replicates of a configuration did on one validation set."""

    first_seed: int = Field(ge=0, le=MAX_SEED)
    replicates: int = Field(ge=1, le=MOST_REPLICATES)
    val_accuracies: list[Share] = Field(min_length=1)  # (replicates,) in order of the seeds
    val_accuracy: Share
    sem: float | None = Field(None, ge=0)
    train_accuracy: Share
    diverged: int = Field(ge=0)
    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None
    regime: str
    forgetting: float | None = None
    forgetting_sem: float | None = None
    unrecovered: float | None = None
    forgets: bool | None = None
    measures: dict[str, float] | None = None  # those that have no place above

    @property
    def seeds(self) -> range:
        """Of the replicates."""
        return range(self.first_seed, self.first_seed + self.replicates)

    @property
    def accuracies(self) -> Array:
        """(replicates,) in order of the seeds."""
        return np.array(self.val_accuracies)

    def numbers(self) -> dict[str, float | None]:
        """Everything that training it again must give, but for the labels."""
        numbers = self.model_dump(exclude=_NO_NUMBERS)
        return numbers | (self.measures or {})


class Weights(Section):
    """The parameters of one network, in a file beside the export."""

    file: str = Field(max_length=255, pattern=r"^[^/\\\x00-\x1f\x7f]+$")
    sha256: str
    seed: int = Field(ge=0, le=MAX_SEED)
    val_accuracy: Share  # chosen as the best of its replicates
    fresh_val_accuracy: Share | None = None  # of the same network on fresh points, if unseen


class Entry(Section):
    """A runnable configuration."""

    loss: LossName
    width: int = Field(ge=1, le=MAX_WIDTH)
    learning_rate: float = Field(ge=MIN_LEARNING_RATE, le=MAX_LEARNING_RATE)
    amplitude: float | None = Field(None, ge=1, le=MAX_AMPLITUDE)
    period: int | None = Field(None, ge=2, le=MAX_PERIOD)
    noise: float | None = Field(None, ge=0, le=MAX_NOISE)
    key: str  # SHA-256 of protocol and configuration, as in the ledger
    trial: int | None = None
    found: Measured | None = None
    confirmed: Measured | None = None
    weights: Weights | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        said = {name: getattr(self, name) for name in asdict(self.configuration)}
        if said != asdict(self.configuration) or (self.amplitude is None) != (self.period is None):
            raise ValueError(
                "must have amplitude and period where the loss is dynamical, and only there"
            )
        return self

    @property
    def configuration(self) -> Configuration:
        """What is trained."""
        return Configuration(**{name: getattr(self, name) for name in CONFIGURATION})

    @property
    def measured(self) -> dict[str, Measured]:
        """By name: what was found among many, and what was confirmed, as far as there is either."""
        sets = {"found": self.found, "confirmed": self.confirmed}
        return {name: measured for name, measured in sets.items() if measured is not None}


class Selection(Section):
    """How the configurations were chosen, and out of how many."""

    by: By
    top: int
    per: Per | None = None
    candidates: int
    looks: list[int] | None = None  # numbers of replicates, where these came in rounds


class Provenance(Section):
    """Where the file comes from."""

    created: str  # UTC
    command: str
    system: str
    versions: dict[str, str]
    git_commit: str | None = None
    git_clean: bool | None = None
    trained: list[Origin]


class Export(Section):
    """The whole file."""

    dynstudy_export: int
    digest: str = ""  # SHA-256 of all but these two
    fingerprints: str = ""  # of each value by itself, so that a changed one can be named
    study: str
    conditional: str
    protocol: Protocol
    fresh_validation_seed: int | None = None
    selection: Selection
    provenance: Provenance
    configuration: list[Entry] = Field(min_length=1)
    baseline: list[Entry]

    @model_validator(mode="after")
    def _trainable(self) -> Self:
        tail = self.protocol.tail
        for label, entry in self.labelled_entries():
            if entry.noise is not None and not isinstance(self.protocol.data, SpiralData):
                raise ValueError(f"{label}: noise is of spirals, and its data is another kind")
            steps = self.protocol.at(entry.learning_rate).training_steps
            if entry.period is not None and not oscillations(steps, tail, entry.period):
                raise ValueError(
                    f"{label}: no whole oscillation of {entry.period} steps fits before the tail"
                )
        return self

    def labelled_entries(self) -> list[tuple[str, Entry]]:
        """All that can be trained, by what it is called in messages."""
        kinds = {"configuration": self.configuration, "baseline": self.baseline}
        return [
            (f"{kind} {number}", entry)
            for kind, entries in kinds.items()
            for number, entry in enumerate(entries, start=1)
        ]

    @property
    def networks(self) -> int:
        """How many it asks to train."""
        return sum(
            measured.replicates
            for _, entry in self.labelled_entries()
            for measured in entry.measured.values()
        )

    def beside(self, folder: Path) -> Self:
        """The same, what its networks start from in a folder where it is there alone."""
        return self.model_copy(update={"protocol": self.protocol.beside(folder)})

    def resolved(self) -> dict[str, Any]:
        """Everything as plain values, absent ones left out."""
        return self.model_dump(mode="json", exclude_none=True)

    def sealed(self) -> Self:
        """The same with its digest and a fingerprint of each value."""
        contents = self._contents()
        marks = " ".join(_fingerprint(leaf) for leaf in _leaves(contents))
        return self.model_copy(update={"digest": digest(contents), "fingerprints": marks})

    def changed(self) -> list[str]:
        """The values that are not those it was sealed with, by their place in the file."""
        contents = self._contents()
        leaves, marks = list(_leaves(contents)), self.fingerprints.split()
        if len(leaves) != len(marks):
            return ["values were added or removed"]
        changed = [
            path
            for (path, value), mark in zip(leaves, marks, strict=True)
            if _fingerprint((path, value)) != mark
        ]
        return changed or ([] if digest(contents) == self.digest else ["digest"])

    def _contents(self) -> dict[str, Any]:
        seals = {"digest", "fingerprints"}
        return {key: value for key, value in self.resolved().items() if key not in seals}

    def key_of(self, entry: Entry) -> str:
        """The ledger key that an entry should have."""
        return configuration_key(self.protocol, entry.configuration)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """All values with their places, lists counted from 1."""
    if isinstance(value, dict):
        for key in sorted(value):
            yield from _leaves(value[key], f"{path}.{key}".strip("."))
    elif isinstance(value, list):
        for number, member in enumerate(value, start=1):
            yield from _leaves(member, f"{path}.{number}")
    else:
        yield path, value


def _fingerprint(leaf: tuple[str, Any]) -> str:
    return digest({"path": leaf[0], "value": leaf[1]})[:6]


def to_text(export: Export, form: FileFormat) -> str:
    """Write an export out, as TOML or JSON."""
    values = export.resolved()
    if form is FileFormat.json:
        return json.dumps(values, indent=1) + "\n"
    return tomli_w.dumps(values)


def load_export(path: Path) -> Export:
    """Read an export of sizes that a study may have; nothing is checked against its digest yet."""
    if path.suffix != ".toml":
        raise ExportError(
            f"{path}: must end in .toml: exports are read as TOML alone; make one with "
            "dynstudy export STUDY --out FILE.toml"
        )
    try:
        values = read_toml(path, "an export", ExportError)
    except FileNotFoundError:
        raise ExportError(f"{path}: no such file") from None
    if MARK not in values:
        raise ExportError(f"{path}: is not an export of dynstudy; make one with dynstudy export")
    version = values[MARK]
    if not isinstance(version, int) or version != VERSION:
        raise ExportError(
            f"{path}: is an export of version {version!r:.20}, this dynstudy reads {VERSION}; "
            "upgrade dynstudy, or export again"
        )
    try:
        return Export.model_validate(values)
    except ValidationError as error:
        raise ExportError(f"{path}: is damaged: {explain(error, Export)}") from None
