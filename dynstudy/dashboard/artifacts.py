"""Files that hang on a study: kept in a folder beside the database, refreshed in place."""

import json
import mimetypes
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import optuna
from optuna.artifacts import ArtifactMeta
from sqlalchemy import make_url

from dynstudy.report.safe_files import write_whole
from dynstudy.store.studies import Storage

Filler = Callable[[Path], object]
"""Writes what belongs into the file that it is given."""

OURS = "dynstudy:artifacts"
"""The system attribute that holds the identifiers of our files by their names.

A file of the same name that a user uploaded is not ours.
"""

LISTED = "artifacts:"
"""With an identifier, the attribute by which Optuna lists an artifact."""


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
    folder = artifacts_folder(storage.url)
    return [folder / identifier for identifier in _identifiers(storage, study).values()]


def artifacts_missing(storage: Storage, study: optuna.Study, folder: Path) -> bool:
    """Whether a file of a study that is ours is not there any more."""
    identifiers = _identifiers(storage, study).values()
    return not all((folder / identifier).is_file() for identifier in identifiers)


def refresh_artifacts(
    storage: Storage, study: optuna.Study, files: Mapping[str, Filler], folder: Path
) -> None:
    """Write the files of a study, each over the one of its name that was there."""
    number, attributes = storage.study_id(study), storage.system_attributes(study)
    copied = set(_ours(attributes.get(OURS, "{}")).values())
    identifiers = {name: str(uuid.uuid4()) for name in files} | _identifiers(storage, study)
    # first, so that what is killed now is gone on with, and not begun again
    storage.optuna.set_study_system_attr(number, OURS, json.dumps(identifiers))
    for identifier in copied.difference(identifiers.values()):  # of the study it is a copy of
        _list(storage, number, identifier, None)
    for name, write in files.items():
        identifier = identifiers[name]
        write_whole(folder / identifier, write, suffix=Path(name).suffix)
        # not by Optuna's list of them, which breaks once the dashboard deleted an artifact
        if not json.loads(attributes.get(f"{LISTED}{identifier}", "null")):
            mimetype, encoding = mimetypes.guess_type(name)
            mimetype = mimetype or "application/octet-stream"
            meta = ArtifactMeta(identifier, filename=name, mimetype=mimetype, encoding=encoding)
            _list(storage, number, identifier, asdict(meta))


def listed_artifacts(
    attributes: Mapping[str, Any], folder: Path
) -> Iterator[tuple[dict[str, Any], Path]]:
    """Yield the files of a study that are there, whoever put them there, with what lists each."""
    for key, text in attributes.items():
        if key.startswith(LISTED) and (meta := json.loads(text)):
            path = folder / Path(str(meta["artifact_id"])).name
            if path.is_file():
                yield meta, path


def _list(storage: Storage, number: int, identifier: str, meta: dict[str, Any] | None) -> None:
    storage.optuna.set_study_system_attr(number, f"{LISTED}{identifier}", json.dumps(meta))


def _ours(text: str) -> dict[str, str]:
    """What an attribute of a study names as ours; safe as the name of a file."""
    return {name: Path(identifier).name for name, identifier in json.loads(text).items()}


def _identifiers(storage: Storage, study: optuna.Study) -> dict[str, str]:
    """Return a study's files by name, but for those that another has too: one is a copy.

    They stay the other's, until one of them is the only one that has them.
    """
    of_studies = storage.system_attribute(OURS)
    ours = _ours(of_studies.pop(storage.study_id(study), "{}"))
    others = {identifier for text in of_studies.values() for identifier in _ours(text).values()}
    return {name: identifier for name, identifier in ours.items() if identifier not in others}
