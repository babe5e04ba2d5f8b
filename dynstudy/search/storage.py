"""The database: Optuna's storage and dynstudy's tables in one place, and the studies in it."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy
from sqlalchemy import URL, Engine, event, func, select, update
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session

from dynstudy.errors import (
    StorageError,
    StudyBusyError,
    StudyMismatchError,
    StudyNotFoundError,
    nearest,
)
from dynstudy.search.runs import running
from dynstudy.search.space import cells
from dynstudy.search.spec import StudySpec
from dynstudy.search.tables import SCHEMA_VERSION, Base, Meta, RunRow

DEFAULT_STORAGE = "sqlite:///storage/dynstudy.db"
BUSY_SECONDS = 60
SPEC = "dynstudy:spec"
"""The study attribute that holds the resolved study file."""

optuna.logging.set_verbosity(optuna.logging.WARNING)


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
        self.engine.dispose()  # connections made from now on are tuned

    def _create_tables(self) -> None:
        Base.metadata.create_all(self.engine)
        with Session(self.engine) as session, session.begin():
            if session.get(Meta, "schema_version") is None:
                session.add(Meta(key="schema_version", value=str(SCHEMA_VERSION)))
            else:  # a write that changes nothing fails now if the database is read-only
                session.execute(update(Meta).values(value=Meta.value))

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
            StudyBusyError: it would grow while another process runs it.
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
            if self.study_id(study) in running(self.engine):
                raise StudyBusyError(f"study {spec.name!r} is being run; extend it afterwards")
            study.set_user_attr(SPEC, text)
        return study

    def study_id(self, study: optuna.Study) -> int:
        """Optuna's number of a study, which stays when it is renamed."""
        return self.optuna.get_study_id_from_name(study.study_name)

    def count_cells(self, study: optuna.Study) -> int:
        """How many cells are trials already, without reading them."""
        trials = sqlalchemy.table("trials", sqlalchemy.column("study_id"))
        query = select(func.count()).where(trials.c.study_id == self.study_id(study))
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())


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
