"""The database: Optuna's storage and dynstudy's tables in one place, and the studies in it."""

import json
import os
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import optuna
import psutil
import sqlalchemy
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState
from sqlalchemy import URL, Engine, event, func, select, update
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session

from dynstudy.config import (
    BASELINES,
    MAX_AMPLITUDE,
    MAX_LEARNING_RATE,
    MAX_PERIOD,
    MAX_WIDTH,
    Configuration,
)
from dynstudy.errors import (
    StorageError,
    StudyBusyError,
    StudyMismatchError,
    StudyNotFoundError,
    nearest,
)
from dynstudy.search.ledger import SCHEMA_VERSION, Base, Meta, RunRow
from dynstudy.search.provenance import provenance
from dynstudy.search.space import cells
from dynstudy.search.spec import StudySpec

DEFAULT_STORAGE = "sqlite:///storage/dynstudy.db"
BUSY_SECONDS = 60
LOST_AFTER = timedelta(minutes=10)
"""A run on another host that gave no sign for this long is taken for dead."""

SPEC = "dynstudy:spec"
"""The study attribute that holds the resolved study file."""

# Physical bounds, the same in every study: Optuna forgets parameters whose range changes.
DISTRIBUTIONS: dict[str, BaseDistribution] = {
    "loss": CategoricalDistribution(tuple(BASELINES)),
    "width": IntDistribution(1, MAX_WIDTH, log=True),
    "learning_rate": FloatDistribution(1e-9, MAX_LEARNING_RATE, log=True),
    "amplitude": FloatDistribution(1, MAX_AMPLITUDE, log=True),
    "period": IntDistribution(2, MAX_PERIOD, log=True),
}

optuna.logging.set_verbosity(optuna.logging.WARNING)


@dataclass(frozen=True)
class FinishedCell:
    """A cell on its way to becoming a trial."""

    configuration: Configuration
    value: float  # mean validation accuracy
    attributes: dict[str, Any]  # a few numbers that a dashboard can sort by, and one of JSON


def storage_url(given: str | None = None) -> str:
    """The database to use: what is given, else the environment's, else the default.

    Args:
        given: ``--storage``.

    Returns:
        `given`, ``DYNSTUDY_STORAGE``, ``OPTUNA_STORAGE`` or ``sqlite:///storage/dynstudy.db``.
    """
    environment = (os.environ.get(name) for name in ("DYNSTUDY_STORAGE", "OPTUNA_STORAGE"))
    return given or next(filter(None, environment), DEFAULT_STORAGE)


class Storage:
    """An open database.

    Args:
        url: an SQLAlchemy URL of SQLite or PostgreSQL.
        create: make what is missing, to write into it; otherwise it must be there.

    Raises:
        StorageError: it cannot be reached or written, or is not a database of ours.
    """

    def __init__(self, url: str, *, create: bool = False) -> None:
        parsed = _parse(url)
        self.url = parsed.render_as_string(hide_password=True)
        if parsed.get_backend_name() == "sqlite":
            _check_file(parsed, create)
        try:
            self._check_contents(parsed, create)
            kwargs = {"connect_args": {"timeout": BUSY_SECONDS}} if _is_sqlite(parsed) else {}
            self.optuna = optuna.storages.RDBStorage(
                parsed.render_as_string(hide_password=False),
                engine_kwargs=kwargs,
                skip_table_creation=not create,
            )
            self.engine: Engine = self.optuna.engine
            if _is_sqlite(parsed):
                self._tune_sqlite(create)
            if create:
                self._create_tables()
        except (SQLAlchemyError, RuntimeError) as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> StorageError:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        return StorageError(f"storage {self.url}: {reason}")

    def _check_contents(self, url: URL, create: bool) -> None:
        """Look before anything is written."""
        try:
            engine = sqlalchemy.create_engine(url)
        except ImportError as error:
            raise StorageError(
                f"storage {self.url}: no driver ({error}); pip install 'dynstudy[postgresql]'"
            ) from None
        try:
            with engine.connect() as connection:
                tables = set(sqlalchemy.inspect(connection).get_table_names())
                if Meta.__tablename__ in tables:
                    query = select(Meta.value).where(Meta.key == "schema_version")
                    version = int(connection.execute(query).scalar_one())
                    if version > SCHEMA_VERSION:
                        raise StorageError(
                            f"storage {self.url}: written by a newer dynstudy (its schema is "
                            f"{version}, this one knows {SCHEMA_VERSION}); upgrade dynstudy"
                        )
                elif not create:
                    raise StorageError(
                        f"storage {self.url}: holds no dynstudy study; run one first, or name "
                        "another with --storage"
                    )
        finally:
            engine.dispose()

    def _tune_sqlite(self, create: bool) -> None:
        @event.listens_for(self.engine, "connect")
        def _on_connect(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA synchronous = NORMAL")

        if create:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # fails now if it is read-only
                connection.exec_driver_sql("ROLLBACK")
        self.engine.dispose()  # connections made from now on are tuned

    def _create_tables(self) -> None:
        Base.metadata.create_all(self.engine)
        with Session(self.engine) as session, session.begin():
            if session.get(Meta, "schema_version") is None:
                session.add(Meta(key="schema_version", value=str(SCHEMA_VERSION)))

    # --- studies --------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The studies in this database that are dynstudy's."""
        return sorted(
            study.study_name for study in self.optuna.get_all_studies() if SPEC in study.user_attrs
        )

    def study(self, name: str) -> optuna.Study:
        """Open a study.

        Args:
            name: of the study.

        Returns:
            The Optuna study.

        Raises:
            StudyNotFoundError: there is none of that name; the message names the nearest.
        """
        names = self.names()
        if name not in names:
            hint = nearest(name, names) or (f"; there are {', '.join(names[:5])}" if names else "")
            raise StudyNotFoundError(f"study {name!r} is not in {self.url}{hint}")
        return optuna.load_study(study_name=name, storage=self.optuna)

    def spec(self, study: optuna.Study) -> StudySpec:
        """The study file that a study was made from, resolved."""
        return StudySpec.of(json.loads(study.user_attrs[SPEC]), f"study {study.study_name!r}")

    def open_study(self, spec: StudySpec, *, extend: bool = False) -> optuna.Study:
        """Make the study of a file, or open it again.

        Args:
            spec: the study file.
            extend: let the study grow to a superset of its cells.

        Returns:
            The Optuna study.

        Raises:
            StudyMismatchError: a study of this name means something else.
        """
        text = json.dumps(spec.resolved(), sort_keys=True)
        try:
            study = optuna.load_study(study_name=spec.name, storage=self.optuna)
        except KeyError:
            study = optuna.create_study(
                study_name=spec.name, storage=self.optuna, direction="maximize"
            )
            study.set_user_attr(SPEC, text)
            with self.engine.begin() as connection:  # SQLite gives a deleted study's number again
                orphans = RunRow.study_id == self.study_id(study)
                connection.execute(update(RunRow).where(orphans).values(study_id=None))
            return study
        if SPEC not in study.user_attrs:
            raise StudyMismatchError(
                f"study {spec.name!r} in {self.url} was not made by dynstudy; choose another name"
            )
        stored = self.spec(study)
        if stored != spec:
            _check_extension(stored, spec, extend)
            study.set_user_attr(SPEC, text)
        return study

    def study_id(self, study: optuna.Study) -> int:
        """Optuna's number of a study, which stays when it is renamed."""
        return self.optuna.get_study_id_from_name(study.study_name)

    # --- trials ---------------------------------------------------------------------------------

    def finished(self, study: optuna.Study) -> set[Configuration]:
        """The cells that are trials already."""
        return {
            Configuration(**trial.params)
            for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        }

    def add_cells(self, study: optuna.Study, cells: Iterable[FinishedCell]) -> None:
        """Record finished cells as trials, whose value is the mean over the replicates."""
        trials = []
        for cell in cells:
            params = {
                name: value
                for name, value in asdict(cell.configuration).items()
                if value is not None
            }
            trials.append(
                optuna.trial.create_trial(
                    state=TrialState.COMPLETE,
                    value=cell.value,
                    params=params,
                    distributions={name: DISTRIBUTIONS[name] for name in params},
                    user_attrs=cell.attributes,
                )
            )
        study.add_trials(trials)

    def count_cells(self, study: optuna.Study) -> int:
        """How many cells are trials already, without reading them."""
        trials = sqlalchemy.table("trials", sqlalchemy.column("study_id"))
        query = select(func.count()).where(trials.c.study_id == self.study_id(study))
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    # --- runs -----------------------------------------------------------------------------------

    @contextmanager
    def claim(self, study: optuna.Study, spec: StudySpec, backend: str) -> Iterator["Run"]:
        """Keep other processes off a study while this one runs it, and record its provenance.

        Args:
            study: the study.
            spec: what is run.
            backend: what was asked for.

        Yields:
            The run, to be told about progress.

        Raises:
            StudyBusyError: another process, still alive, runs this study.
        """
        facts = provenance()
        study_id = self.study_id(study)
        with Session(self.engine) as session, session.begin():
            # The write comes first: it locks SQLite, so that two launches look one after the other.
            session.execute(
                update(Meta).where(Meta.key == "schema_version").values(value=Meta.value)
            )
            unfinished = select(RunRow).where(
                RunRow.study_id == study_id, RunRow.status == "running"
            )
            for other in session.scalars(unfinished):
                if _alive(other):
                    raise StudyBusyError(
                        f"study {spec.name!r} is being run by process {other.pid} on {other.host}; "
                        "wait for it, or stop it first"
                    )
                other.status = "lost"
            row = RunRow(
                study_id=study_id,
                status="running",
                started_at=_now(),
                heartbeat_at=_now(),
                backend=backend,
                provenance=json.dumps(facts),
                spec=json.dumps(spec.resolved(), sort_keys=True),
                **{name: facts[name] for name in _RUN_COLUMNS},
            )
            session.add(row)
            session.flush()
            run = Run(self.engine, row.id)
        try:
            yield run
        except BaseException as error:
            run.end("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
            raise
        run.end("interrupted" if run.interrupted else "complete")

    def runs(self, study: optuna.Study) -> list[RunRow]:
        """All launches of a study, oldest first."""
        with Session(self.engine, expire_on_commit=False) as session:
            query = select(RunRow).where(RunRow.study_id == self.study_id(study))
            return list(session.scalars(query.order_by(RunRow.id)))

    def running(self) -> set[int]:
        """Numbers of the studies that a live process is running."""
        with Session(self.engine) as session:
            rows = session.scalars(select(RunRow).where(RunRow.status == "running"))
            return {row.study_id for row in rows if row.study_id is not None and _alive(row)}


_RUN_COLUMNS = ("host", "pid", "process_started", "git_commit", "git_clean", "command")


class Run:
    """A launch in progress, as its row in the database."""

    def __init__(self, engine: Engine, run_id: int) -> None:
        self.engine, self.id, self.interrupted = engine, run_id, False

    def beat(self, networks: int, backend: str, device: str) -> None:
        """Say that the run is alive and has trained so many networks more."""
        self._set(
            heartbeat_at=_now(),
            networks=RunRow.networks + networks,
            backend=backend,
            device=device,
        )

    def end(self, status: str) -> None:
        """Say how it ended."""
        self._set(status=status, ended_at=_now(), heartbeat_at=_now())

    def _set(self, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(update(RunRow).where(RunRow.id == self.id).values(values))


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _alive(run: RunRow) -> bool:
    if run.host != socket.gethostname():
        return _now() - run.heartbeat_at < LOST_AFTER
    try:
        return abs(psutil.Process(run.pid).create_time() - run.process_started) < 2
    except psutil.Error:
        return False


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _parse(url: str) -> URL:
    try:
        parsed = sqlalchemy.make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None or parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise StorageError(
            f"storage {url!r}: must be sqlite:///PATH or postgresql+psycopg://HOST/DATABASE"
        )
    return parsed


def _check_file(url: URL, create: bool) -> None:
    """Say plainly what SQLite would only hint at, before it makes an empty file."""
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        return
    path = Path(url.database)
    if path.is_dir():
        raise StorageError(f"storage {path}: is a folder, not a database")
    if not path.exists():
        if not create:
            raise StorageError(
                f"storage {path}: there is no such database; run a study first, or name another "
                "with --storage"
            )
        if str(url) == DEFAULT_STORAGE:
            path.parent.mkdir(exist_ok=True)
        if not path.parent.is_dir():
            raise StorageError(f"storage {path}: there is no folder {path.parent}; make it first")
        if not os.access(path.parent, os.W_OK):
            raise StorageError(f"storage {path}: the folder {path.parent} is read-only")
        return
    try:
        with path.open("rb") as file:
            header = file.read(16)
    except OSError as error:
        raise StorageError(f"storage {path}: cannot be read: {error.strerror}") from None
    if header and header != b"SQLite format 3\0":
        raise StorageError(f"storage {path}: is not an SQLite database")
    if create and not os.access(path, os.W_OK):
        raise StorageError(f"storage {path}: is read-only")


def _check_extension(stored: StudySpec, new: StudySpec, extend: bool) -> None:
    """Refuse a study file whose meaning changed, unless it only adds cells and may."""
    changes = "; ".join(_differences(stored.resolved(), new.resolved()))
    problem = f"study {new.name!r} exists and means something else: {changes}"
    same = ("kind", "replicates", "baseline_replicates", "protocol")
    grown = all(getattr(stored, key) == getattr(new, key) for key in same) and {
        cell.configuration for cell in cells(stored)
    } <= {cell.configuration for cell in cells(new)}
    if not grown:
        raise StudyMismatchError(f"{problem}; give the study file a new name")
    if not extend:
        raise StudyMismatchError(
            f"{problem}; give the study file a new name, or add its new cells with --extend"
        )


def _differences(old: Any, new: Any, key: str = "") -> Sequence[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            line
            for name in dict.fromkeys((*old, *new))
            for line in _differences(old.get(name), new.get(name), f"{key}.{name}".strip("."))
        ]
    return [f"{key} was {old}, now {new}"] if old != new else []
