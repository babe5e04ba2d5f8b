"""Files that hang on a study: kept in a folder beside the database, refreshed in place."""

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import optuna
from optuna.artifacts import FileSystemArtifactStore, upload_artifact
from sqlalchemy import make_url

from dynstudy.errors import DynstudyError
from dynstudy.report.safe_files import write_whole
from dynstudy.store.studies import Storage

Filler = Callable[[Path], object]
"""Writes what belongs into the file that it is given."""

OURS = "dynstudy:artifacts"
"""The system attribute that holds the identifiers of our files by their names.

A file of the same name that a user uploaded is not ours.
"""


def artifacts_folder(url: str, given: str | Path | None = None) -> Path:
    """Where the files of a database's studies are.

    Returns:
        `given`, ``DYNSTUDY_ARTIFACTS``, the folder beside an SQLite file, or
        ``storage/artifacts``.

    >>> artifacts_folder("sqlite:///storage/dynstudy.db").as_posix()
    'storage/dynstudy.artifacts'
    >>> artifacts_folder("postgresql+psycopg://host/db").as_posix()
    'storage/artifacts'
    """
    chosen = given or os.environ.get("DYNSTUDY_ARTIFACTS")
    if chosen:
        return Path(chosen)
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        return Path(parsed.database.removeprefix("file:")).with_suffix(".artifacts")
    return Path("storage/artifacts")


def own_artifacts(storage: Storage, study: optuna.Study) -> list[Path]:
    """The files that hang on a study and are ours, where they are kept by default."""
    attributes = storage.system_attributes(study)
    folder = artifacts_folder(storage.url)
    return [folder / Path(name).name for name in json.loads(attributes.get(OURS, "{}")).values()]


def refresh_artifacts(
    storage: Storage, study: optuna.Study, files: Mapping[str, Filler], folder: Path
) -> None:
    """Write the files of a study, each over the one of its name that was there."""
    attributes = storage.system_attributes(study)
    identifiers = json.loads(attributes.get(OURS, "{}"))
    with tempfile.TemporaryDirectory() as temporary:
        for name, write in files.items():
            # not by listing them: optuna's list breaks once the dashboard deleted an artifact
            listed = json.loads(attributes.get(f"artifacts:{identifiers.get(name)}", "null"))
            made = write_whole(Path(temporary) / name, write)
            try:
                folder.mkdir(parents=True, exist_ok=True)
                store = FileSystemArtifactStore(folder)
                if listed:
                    with made.open("rb") as content:
                        store.write(identifiers[name], content)
                else:
                    identifiers[name] = upload_artifact(
                        artifact_store=store, file_path=str(made), study_or_trial=study
                    )
            except OSError as error:
                raise DynstudyError(
                    f"artifacts {folder}: cannot be written: {error.strerror or error}"
                ) from None
    storage.optuna.set_study_system_attr(storage.study_id(study), OURS, json.dumps(identifiers))
