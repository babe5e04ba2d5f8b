"""The database: Optuna's storage and dynstudy's tables in one place, and the studies in it."""

import json
import time
import warnings
from typing import Any

import optuna
import sqlalchemy
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from sqlalchemy import URL, Engine, String, cast, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from dynstudy.errors import (
    DamagedError,
    SpecError,
    StorageError,
    StudyBusyError,
    StudyMismatchError,
    StudyNotFoundError,
    nearest,
)
from dynstudy.store.connections import connection_options, pool_options, tune
from dynstudy.store.database import (
    anchored,
    apart_in_children,
    check_file,
    database_errors,
    keep_to_file,
    parse,
    readable,
)
from dynstudy.store.file_systems import network_file_system
from dynstudy.store.launches import lock, running, way_out
from dynstudy.store.migrations import upgrade
from dynstudy.store.optuna_private import STUDIES, TRIALS
from dynstudy.store.optuna_storage import CheckedStorage
from dynstudy.store.passwords import apart, url_shown
from dynstudy.store.schema import check_contents, make_tables, mend
from dynstudy.store.study_rows import (
    SPEC,
    StudyRow,
    attribute_damaged,
    read_studies,
    read_system_attribute,
    written_spec,
)
from dynstudy.store.tables import RunRow
from dynstudy.store.trials import loss_choices
from dynstudy.study.differences import differences
from dynstudy.study.spec import StudySpec

ATTEMPTS = 5

AnyStudy = optuna.Study | StudyRow

optuna.logging.set_verbosity(optuna.logging.WARNING)


class Storage:
    """An open database of SQLite or PostgreSQL; `create` makes what is missing, to write into it.

    It raises a `StorageError` where it cannot be reached or written, or is not a database of ours.
    """

    def __init__(self, url: str, *, create: bool = False) -> None:
        parsed = parse(url)
        self.url = url_shown(parsed)
        if parsed.get_backend_name() == "sqlite":
            check_file(parsed, create)
            parsed = anchored(parsed if create else readable(parsed))
        # Processes that start on a new database at once make its tables at once: one of them wins.
        attempts = ATTEMPTS if create else 1
        for attempt in range(1, attempts + 1):
            try:
                with database_errors(self.url):
                    self._open(*apart(parsed), create)
            except StorageError as error:
                of_database = SQLAlchemyError | StorageInternalError
                if attempt == attempts or not isinstance(error.__cause__, of_database):
                    raise
                time.sleep(0.1 * attempt)
            else:
                return

    def _open(self, url: URL, passwords: dict[str, Any], create: bool) -> None:
        given = passwords | connection_options(url)
        self._prepare(url, given, create)
        try:
            self.optuna = CheckedStorage(
                url.render_as_string().replace("{", "{{").replace("}", "}}"),  # Optuna formats it
                engine_kwargs={"connect_args": given, **pool_options(url)},
                skip_table_creation=True,
            )
        except RuntimeError as error:  # tables of another version of Optuna
            reason = str(error).splitlines()[0]
            raise StorageError(f"storage {self.url}: {reason}") from None
        self.engine: Engine = self.optuna.engine
        apart_in_children(self.engine)
        tune(self.engine)
        if url.get_backend_name() == "sqlite":
            keep_to_file(self.engine, url)
        if create:
            mend(self.engine)

    def _prepare(self, url: URL, given: dict[str, Any], create: bool) -> None:
        """See that there are tables, before Optuna looks for them."""
        try:
            engine = sqlalchemy.create_engine(url, connect_args=given, poolclass=NullPool)
        except ImportError as error:
            raise StorageError(
                f"storage {self.url}: no driver ({error}); pip install 'dynstudy[postgresql]'"
            ) from None
        try:
            connection = engine.connect()
        except TypeError as error:  # of SQLite's driver, for what it does not know in a URL
            raise StorageError(f"storage {self.url}: {error}") from None
        with connection:
            check_contents(connection, self.url, create)
            if create and url.get_backend_name() == "sqlite":
                mode = "WAL" if network_file_system(url.database or "") is None else "DELETE"
                connection.exec_driver_sql(f"PRAGMA journal_mode = {mode}")
        if create:
            make_tables(engine)

    def upgrade(self) -> None:
        """Bring an older dynstudy's tables up to date, to write into what was opened to read."""
        with Session(self.engine) as session, session.begin():
            upgrade(session)

    # --- studies --------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The studies in this database that are dynstudy's."""
        return [study.study_name for study in self.studies()]

    def studies(self) -> list[StudyRow]:
        """The same, with what is needed to list them."""
        with self.engine.connect() as connection:
            return read_studies(connection)

    def study(self, name: str) -> optuna.Study:
        """Open a study, or raise a `StudyNotFoundError` that names the nearest."""
        names = self.names()
        if name not in names:
            hint = nearest(name, names) or (f"; there are {', '.join(names[:5])}" if names else "")
            raise StudyNotFoundError(f"study {name!r} is not in {self.url}{hint}")
        query = select(func.count()).where(STUDIES.c.study_name == name)
        with self.engine.connect() as connection:
            count = connection.execute(query).scalar_one()
        if count > 1:
            raise StorageError(
                f"storage {self.url}: {count} studies are named {name!r}, since the making of the "
                "database was interrupted; any dynstudy run in it tells them apart"
            )
        return optuna.load_study(study_name=name, storage=self.optuna)

    def spec(self, study: AnyStudy) -> StudySpec:
        """The study file that a study was made from, resolved, under the study's name."""
        # which Optuna can copy, and its dashboard rename, without a word in the file
        text, name = study.user_attrs[SPEC], study.study_name
        try:
            values = json.loads(text)
        except (ValueError, TypeError):
            values = None
        if not isinstance(values, dict):
            problem = "must be the JSON of a study file"
            raise DamagedError(attribute_damaged(name, SPEC, text, problem))
        try:
            return StudySpec.of(values, "its study file").model_copy(update={"name": name})
        except SpecError as error:
            raise DamagedError(attribute_damaged(name, SPEC, text, str(error))) from None

    def open_study(
        self, spec: StudySpec, *, extend: bool = False, take_over: bool = False
    ) -> optuna.Study:
        """Make the study of a file, or open it again; `check_study` says what it may raise."""
        with self.engine.connect() as connection:
            before = written_spec(connection, spec.name)
        self.check_study(spec, extend=extend, take_over=take_over)
        study = optuna.create_study(
            study_name=spec.name,
            storage=self.optuna,
            directions=spec.directions,
            load_if_exists=True,
        )
        if SPEC not in study.user_attrs:
            with self.engine.begin() as connection:  # SQLite gives a deleted study's number again
                orphans = RunRow.study_id == self.study_id(study)
                connection.execute(update(RunRow).where(orphans).values(study_id=None))
        if study.metric_names != spec.metric_names:  # which dashboards show
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ExperimentalWarning)
                study.set_metric_names(spec.metric_names)
        self._write_spec(study, json.dumps(spec.resolved(), sort_keys=True), before)
        return study

    def _write_spec(self, study: optuna.Study, text: str, before: Any) -> None:
        """Write a study's file in the place of what it was `before`, and of nothing else.

        This process may have stood still meanwhile, and another one have extended the study.

        Raises:
            StudyBusyError: it has.
        """
        # Optuna writes in this session of its own and commits it, with all that we do in it before.
        with self.optuna.scoped_session() as session:
            lock(session)
            if written_spec(session, study.study_name) not in {before, json.dumps(text)}:
                raise StudyBusyError(
                    f"study {study.study_name!r}: another launch changed it meanwhile; run the "
                    "same command again"
                )
            study.set_user_attr(SPEC, text)

    def check_study(
        self, spec: StudySpec, *, extend: bool = False, take_over: bool = False
    ) -> None:
        """Find out whether a study file may be run under its name, writing nothing."""
        try:
            study = optuna.load_study(study_name=spec.name, storage=self.optuna)
        except KeyError:
            return
        if SPEC not in study.user_attrs:
            # a launch that was killed before it could say what the study is left nothing in it
            if study.user_attrs or study.get_trials(deepcopy=False):
                raise StudyMismatchError(
                    f"study {spec.name!r} in {self.url} was not made by dynstudy; choose another "
                    "name"
                )
            return
        stored = self.spec(study)
        if stored != spec:
            _check_extension(stored, spec, extend)
            _check_losses(study, spec)
            launch = running(self.engine).get(self.study_id(study))
            if launch is not None and not take_over:
                raise StudyBusyError(
                    f"study {spec.name!r} is being run{way_out(launch)}, and extend it afterwards, "
                    "or take it over with --take-over"
                )

    def study_id(self, study: optuna.Study) -> int:
        """Optuna's number of a study, which stays when it is renamed."""
        return self.optuna.get_study_id_from_name(study.study_name)

    def system_attributes(self, study: optuna.Study) -> dict[str, Any]:
        """What Optuna's dashboard and we keep with a study, and nobody else looks at."""
        return self.optuna.get_study_system_attrs(self.study_id(study))

    def system_attribute(self, key: str) -> dict[int, Any]:
        """One of these of all studies that have it, by their numbers."""
        with self.engine.connect() as connection:
            return read_system_attribute(connection, key)

    def count_cells(self, study: optuna.Study) -> int:
        """How many trials are complete, without reading them."""
        query = select(func.count()).where(
            TRIALS.c.study_id == self.study_id(study), cast(TRIALS.c.state, String) == "COMPLETE"
        )
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())


def _check_extension(stored: StudySpec, new: StudySpec, extend: bool) -> None:
    """Refuse a study file whose meaning changed, unless it only asks for more and may."""
    changes = "; ".join(
        f"{key} was {before}, now {now}"
        for key, before, now in differences(stored.resolved(), new.resolved())
    )
    grows = stored.grows_to(new)
    if not (grows and extend):
        raise StudyMismatchError(
            f"study {new.name!r} exists and means something else: {changes}; give the study file a "
            f"new name{', or add what is new with --extend' if grows else ''}"
        )


def _check_losses(study: optuna.Study, spec: StudySpec) -> None:
    """Refuse a loss that was added to dynstudy after the study got its first trial."""
    choices = loss_choices(study)
    newer = [loss for loss in spec.loss if loss not in choices]
    if newer:
        raise StudyMismatchError(
            f"study {spec.name!r} cannot take the loss {', '.join(newer)}: Optuna keeps a study to "
            f"the losses of its first trial, {', '.join(choices)}; give the study file a new name"
        )
