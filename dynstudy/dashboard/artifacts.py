"""Files that hang on a study: kept in a folder beside the database, refreshed in place."""

import json
import mimetypes
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import optuna
from optuna.artifacts import ArtifactMeta
from pydantic import BaseModel
from sqlalchemy import make_url

from dynstudy.errors import DamagedError
from dynstudy.report.safe_files import write_whole
from dynstudy.store.checked import Check, damaged, json_of
from dynstudy.store.studies import Storage

Filler = Callable[[Path], object]
"""Writes what belongs into the file that it is given."""

OURS = "dynstudy:artifacts"
"""The system attribute that holds the identifiers of our files by their names.

A file of the same name that a user uploaded is not ours.
"""

LISTED = "artifacts:"
"""With an identifier, the attribute by which Optuna lists an artifact."""


class _Listing(BaseModel):
    """What is read of that."""

    artifact_id: str
    filename: str


_NAMES, _LISTING = json_of(dict[str, str]), json_of(_Listing | None)


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
    copied = set(_ours(number, attributes.get(OURS, "{}")).values())
    identifiers = {name: str(uuid.uuid4()) for name in files} | _identifiers(storage, study)
    # first, so that what is killed now is gone on with, and not begun again
    storage.optuna.set_study_system_attr(number, OURS, json.dumps(identifiers))
    for identifier in copied.difference(identifiers.values()):  # of the study it is a copy of
        _list(storage, number, identifier, None)
    for name, write in files.items():
        identifier = identifiers[name]
        write_whole(folder / identifier, write, suffix=Path(name).suffix)
        # not by Optuna's list of them, which breaks once the dashboard deleted an artifact
        if not _listed(f"{LISTED}{identifier}", attributes):
            mimetype, encoding = mimetypes.guess_type(name)
            mimetype = mimetype or "application/octet-stream"
            meta = ArtifactMeta(identifier, filename=name, mimetype=mimetype, encoding=encoding)
            _list(storage, number, identifier, asdict(meta))


def listed_artifacts(
    attributes: Mapping[str, Any], folder: Path
) -> Iterator[tuple[dict[str, Any], Path]]:
    """Yield the files of a study that are there, whoever put them there, with what lists each."""
    for key in attributes:
        if key.startswith(LISTED) and (meta := _listed(key, attributes)):
            path = folder / Path(meta["artifact_id"]).name
            if path.is_file():
                yield meta, path


def _list(storage: Storage, number: int, identifier: str, meta: dict[str, Any] | None) -> None:
    storage.optuna.set_study_system_attr(number, f"{LISTED}{identifier}", json.dumps(meta))


def _listed(key: str, attributes: Mapping[str, Any]) -> dict[str, Any] | None:
    """How Optuna lists an artifact; None where there is none, or none any more."""
    text = attributes.get(key, "null")
    _check(_LISTING, f"key {key!r}", text)
    meta: dict[str, Any] | None = json.loads(text)
    return meta


def _ours(number: int, text: Any) -> dict[str, str]:
    """What an attribute of a study names as ours; safe as the name of a file."""
    _check(_NAMES, f"study_id {number}, key {OURS!r}", text)
    return {name: Path(identifier).name for name, identifier in json.loads(text).items()}


def _check(check: Check, row: str, text: Any) -> None:
    try:
        check(_text(text))
    except ValueError as problem:
        where = "study_system_attributes", row, "value_json"
        raise DamagedError(damaged(*where, text, str(problem))) from None


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ValueError("must be JSON within JSON")
    return value


def _identifiers(storage: Storage, study: optuna.Study) -> dict[str, str]:
    """Return a study's files by name, but for those that another has too: one is a copy.

    They stay the other's, until one of them is the only one that has them.
    """
    of_studies, number = storage.system_attribute(OURS), storage.study_id(study)
    ours = _ours(number, of_studies.pop(number, "{}"))
    others = set[str]()
    for other, text in of_studies.items():
        with suppress(DamagedError):  # which is said of that study, and keeps no other from its use
            others.update(_ours(other, text).values())
    return {name: identifier for name, identifier in ours.items() if identifier not in others}
