"""dynstudy's tables, which live beside Optuna's in the same database."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator
from sqlalchemy import BigInteger, Float, ForeignKey, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from dynstudy.measure.measures import MEASURES
from dynstudy.store.checked import Within, check_columns, json_of
from dynstudy.store.json_columns import Facts, PlaneContent, Step, ascending
from dynstudy.study.axes import BOUNDS
from dynstudy.task.data import AnyData, with_kind
from dynstudy.task.optimiser import AnyOptimiser
from dynstudy.task.own_network import AnyNetwork, network_with_kind

SCHEMA_VERSION = 6
"""2: `lasting` of dynstudy_replicate; 3: dynstudy_series; 4: who trains now; 5: other networks and
optimisers; 6: atlases; see migrations.py."""


class Base(DeclarativeBase):
    """dynstudy's tables; Optuna's live beside them in the same database."""


class Meta(Base):
    """Facts about the database itself."""

    __tablename__ = "dynstudy_meta"

    key: Mapped[str] = mapped_column(String(64), primary_key=True, doc="`schema_version`")
    value: Mapped[str] = mapped_column(Text, doc="as text")


RUNNING = "running"
"""The status of a launch that has not ended, or did not say so."""


class RunRow(Base):
    """One launch of a study: its provenance, and the claim that keeps a second one off."""

    __tablename__ = "dynstudy_run"

    id: Mapped[int] = mapped_column(primary_key=True, doc="ascending with the launches")
    study_id: Mapped[int | None] = mapped_column(
        index=True, doc="`studies.study_id` of Optuna; NULL once that study is deleted"
    )
    status: Mapped[str] = mapped_column(
        String(16), doc="`running`, `complete`, `interrupted`, `failed` or `lost` (killed)"
    )
    started_at: Mapped[datetime] = mapped_column(doc="UTC")
    heartbeat_at: Mapped[datetime] = mapped_column(doc="UTC, renewed every minute")
    ended_at: Mapped[datetime | None] = mapped_column(doc="UTC; NULL where it never said so")
    host: Mapped[str] = mapped_column(String(255), doc="name of the machine")
    pid: Mapped[int] = mapped_column(doc="process on that host")
    process_started: Mapped[float] = mapped_column(doc="tells a reused pid apart, Unix seconds")
    networks: Mapped[int] = mapped_column(default=0, doc="trained by this launch")
    backend: Mapped[str | None] = mapped_column(String(32), doc="what trained them")
    device: Mapped[str | None] = mapped_column(String(255), doc="where; NULL before the first")
    git_commit: Mapped[str | None] = mapped_column(
        String(64), doc="of dynstudy; NULL outside a git checkout"
    )
    git_clean: Mapped[bool | None] = mapped_column(doc="no uncommitted change")
    command: Mapped[str] = mapped_column(Text, doc="command line, without passwords")
    provenance: Mapped[str] = mapped_column(
        Text,
        doc="JSON: versions, processor, system, overrides of the study file",
        info={"check": json_of(Facts)},
    )
    spec: Mapped[str] = mapped_column(Text, doc="JSON: the study file as it was run, resolved")


class WorkerRow(Base):
    """What one worker trained of a launch: a process that may be on another machine."""

    __tablename__ = "dynstudy_worker"

    run_id: Mapped[int] = mapped_column(
        ForeignKey(RunRow.id), primary_key=True, autoincrement=False, doc="the launch"
    )
    name: Mapped[str] = mapped_column(
        String(255), primary_key=True, doc="of the worker in that launch"
    )
    host: Mapped[str | None] = mapped_column(String(255), doc="name of its machine")
    backend: Mapped[str] = mapped_column(String(32), doc="what trained")
    device: Mapped[str] = mapped_column(String(255), doc="where")
    processor: Mapped[str] = mapped_column(String(255), doc="of its machine")
    versions: Mapped[str] = mapped_column(
        Text,
        doc="JSON: of dynstudy, python, torch, numba, numpy, as it has them",
        info={"check": json_of(dict[str, str])},
    )
    networks: Mapped[int] = mapped_column(doc="that it trained and that are recorded")
    network_steps: Mapped[int] = mapped_column(BigInteger, doc="steps of all of them")
    seconds: Mapped[float] = mapped_column(doc="that it trained them for")
    last_at: Mapped[datetime] = mapped_column(doc="UTC, when the last of them were recorded")


class ReservationRow(Base):
    """A network that a launch is training: others wait for it instead of training it, too."""

    __tablename__ = "dynstudy_reservation"

    key: Mapped[str] = mapped_column(
        String(64), primary_key=True, doc="`key` that the network has once it is recorded"
    )
    run_id: Mapped[int] = mapped_column(
        ForeignKey(RunRow.id), index=True, doc="the launch; nothing is reserved when it has ended"
    )


class ReplicateRow(Base):
    """One trained network: what it is, how it ended, where and with what it was trained."""

    __tablename__ = "dynstudy_replicate"

    id: Mapped[int] = mapped_column(primary_key=True, doc="of the row")
    key: Mapped[str] = mapped_column(String(64), unique=True, doc="SHA-256 of its content")
    configuration: Mapped[str] = mapped_column(
        String(64), index=True, doc="SHA-256 of its content without the seed: one cell"
    )
    loss: Mapped[str] = mapped_column(String(16), doc="the static loss where A = 1")
    width: Mapped[int] = mapped_column(doc="hidden units")
    learning_rate: Mapped[float] = mapped_column(doc="η")
    amplitude: Mapped[float | None] = mapped_column(doc="A; NULL where static")
    period: Mapped[int | None] = mapped_column(doc="T, steps; NULL where static")
    steps: Mapped[int] = mapped_column(doc="length of the training")
    tail: Mapped[int | None] = mapped_column(doc="steps at A = 1 at the end; NULL where static")
    until: Mapped[str | None] = mapped_column(
        String(16),
        doc="`onset`: it ended at its first onset of an instability, if that came before; NULL "
        "where it took all steps",
    )
    dtype: Mapped[str] = mapped_column(String(16), doc="`float32` or `float64`")
    data: Mapped[str] = mapped_column(
        Text,
        doc="JSON: `[protocol.data]` of the study file, or what the points are that were read",
        info={"check": json_of(Annotated[AnyData, BeforeValidator(with_kind)])},
    )
    initialisation: Mapped[str] = mapped_column(
        String(64), doc="how parameters are drawn, or SHA-256 of those of a file"
    )
    network: Mapped[str | None] = mapped_column(
        Text,
        doc="JSON: `[protocol.network]`, but for the initialisation; NULL: one hidden layer, ReLU",
        info={"check": json_of(Annotated[AnyNetwork, BeforeValidator(network_with_kind)])},
    )
    optimiser: Mapped[str | None] = mapped_column(
        Text,
        doc="JSON: `[protocol.optimiser]`; NULL: gradient descent on all points",
        info={"check": json_of(AnyOptimiser)},
    )
    schedule: Mapped[str | None] = mapped_column(
        String(16), doc="how Γ rises and falls; NULL: as a triangle, or where static"
    )
    seed: Mapped[int] = mapped_column(doc="of the parameters drawn, from 0")
    numerics: Mapped[int] = mapped_column(doc="version of the arithmetic")
    diverged_at: Mapped[int | None] = mapped_column(doc="step; NULL where it stayed finite")
    backend: Mapped[str] = mapped_column(String(32), doc="what trained it")
    device: Mapped[str] = mapped_column(String(255), doc="where it was trained")
    processor: Mapped[str | None] = mapped_column(
        String(255), doc="of the machine that trained it; NULL where an older dynstudy did not say"
    )
    host: Mapped[str | None] = mapped_column(
        String(255), doc="name of that machine; NULL where an older dynstudy did not say"
    )
    versions: Mapped[str] = mapped_column(
        Text,
        doc="JSON: of dynstudy, python, torch, numba, numpy",
        info={"check": json_of(dict[str, str])},
    )
    run_id: Mapped[int | None] = mapped_column(
        ForeignKey("dynstudy_run.id"), doc="the launch that trained it"
    )


class PlaneRow(Base):
    """What the networks of an atlas share: all that they are, but for what has a column there."""

    __tablename__ = "dynstudy_plane"

    id: Mapped[int] = mapped_column(primary_key=True, doc="of the row")
    key: Mapped[str] = mapped_column(String(64), unique=True, doc="SHA-256 of its content")
    content: Mapped[str] = mapped_column(
        Text,
        doc="JSON: loss, steps, tail, dtype, data, initialisation and all else that is as in "
        "`dynstudy_replicate`",
        info={"check": json_of(PlaneContent)},
    )


def _within(name: str) -> dict[str, Within]:
    """What a study file may ask for; no key is of these columns, which would show an edit."""
    return {"check": Within(BOUNDS[name].low, BOUNDS[name].high)}


class PixelRow(Base):
    """One network of an atlas: where it is in its plane, and its measures."""

    __tablename__ = "dynstudy_pixel"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's form

    plane_id: Mapped[int] = mapped_column(
        ForeignKey(PlaneRow.id), primary_key=True, autoincrement=False, doc="what it shares"
    )
    width: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False, doc="hidden units", info=_within("width")
    )
    learning_rate: Mapped[float] = mapped_column(
        primary_key=True, doc="η", info=_within("learning_rate")
    )
    period: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False, doc="T, steps", info=_within("period")
    )
    amplitude: Mapped[float] = mapped_column(primary_key=True, doc="A", info=_within("amplitude"))
    seed: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, doc="of the parameters drawn, from 0"
    )
    diverged_at: Mapped[int | None] = mapped_column(doc="step; NULL where it stayed finite")
    run_id: Mapped[int | None] = mapped_column(
        ForeignKey("dynstudy_run.id"), doc="the launch that trained it, which knows where"
    )


# A column each, though the series tell them: a map of 10 000 cells would read all of these.
for _table_of in (ReplicateRow, PixelRow):
    for _measure in MEASURES.values():
        _doc = _measure.definition + "; raw: before the static loss's is taken off" * _measure.net
        _check = Within(_measure.least, _measure.most)
        _column = mapped_column(
            Float, nullable=not _measure.always, doc=_doc, info={"check": _check}
        )
        setattr(_table_of, _measure.name, _column)


class StepsRow(Base):
    """Steps at which networks were read, once for all the series that have them."""

    __tablename__ = "dynstudy_steps"

    id: Mapped[int] = mapped_column(primary_key=True, doc="of the list")
    steps: Mapped[str] = mapped_column(
        Text,
        doc="JSON: numbers of steps taken, ascending",
        info={"check": json_of(Annotated[list[Step], AfterValidator(ascending)])},
    )


class SeriesRow(Base):
    """What was read of a network along its training, under one name."""

    __tablename__ = "dynstudy_series"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's form

    replicate_id: Mapped[int] = mapped_column(
        ForeignKey(ReplicateRow.id), primary_key=True, doc="the network"
    )
    name: Mapped[str] = mapped_column(
        String(64),
        primary_key=True,
        doc="`train`, `validation`: points classified right; of a study with curvature "
        "`eigenvalues`: the largest λ1, λ2, … of the Hessian, then the residual of each; "
        "`smallest_eigenvalue`: that and its residual; `onsets`, once, at the end: step of the "
        "first, of its end, how many, how many ended, λ1 at the first and one step on, the finite "
        "difference along v1 at both, which older databases lack; `uphill`, likewise: steps that "
        "were looked at, of them uphill, episodes of these; `loss`: "
        "the sum of the losses of all steps before, each as its step descends it",
    )
    steps_id: Mapped[int] = mapped_column(ForeignKey(StepsRow.id), doc="right after which steps")
    readings: Mapped[str] = mapped_column(
        Text,
        doc="JSON: an array for each class from 0, or for each of what the name has, with a number "
        "for each step; null where there is none",
    )


for _table in Base.metadata.tables.values():
    check_columns(_table)
