"""The studies of a database by SQL, each by itself: a damaged one does not hide the others."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from dynstudy.errors import DamagedError
from dynstudy.store.checked import damaged
from dynstudy.store.optuna_private import STUDIES, STUDY_ATTRIBUTES, STUDY_SYSTEM_ATTRIBUTES

SPEC = "dynstudy:spec"
"""The study attribute that holds the resolved study file."""


@dataclass(frozen=True)
class StudyRow:
    """A study as `optuna.Study` is, as far as a list of studies needs it."""

    number: int  # Optuna's
    study_name: str
    user_attrs: Mapping[str, Any]  # dynstudy's; a damaged one says so when it is looked at


class _Attributes(Mapping[str, Any]):
    """Of a study, as the JSON that they are until they are looked at."""

    def __init__(self, number: int, name: Any, texts: Mapping[str, Any]) -> None:
        self._number, self._name, self._texts = number, name, texts

    def __getitem__(self, key: str) -> Any:
        text = self._texts[key]
        if not isinstance(self._name, str):
            row = f"study_id {self._number}"
            raise DamagedError(damaged("studies", row, "study_name", self._name, "must be text"))
        try:
            return json.loads(text)
        except (ValueError, TypeError):
            raise DamagedError(attribute_damaged(self._name, key, text, "must be JSON")) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def attribute_damaged(study: str, key: str, value: Any, problem: str) -> str:
    """What is wrong with an attribute of a study, in one line."""
    row = f"study {study!r}, key {key!r}"
    return damaged("study_user_attributes", row, "value_json", value, problem)


def read_studies(connection: Connection) -> list[StudyRow]:
    """The studies that are dynstudy's, by name."""
    ours = STUDY_ATTRIBUTES.c.key.like("dynstudy:%")
    query = select(STUDIES, STUDY_ATTRIBUTES.c.key, STUDY_ATTRIBUTES.c.value_json)
    query = query.join(STUDY_ATTRIBUTES, STUDIES.c.study_id == STUDY_ATTRIBUTES.c.study_id)
    texts: dict[tuple[int, Any], dict[str, Any]] = {}
    for number, name, key, text in connection.execute(query.where(ours)):
        texts.setdefault((number, name), {})[key] = text
    rows = [
        StudyRow(number, str(name), _Attributes(number, name, of_study))
        for (number, name), of_study in texts.items()
        if SPEC in of_study
    ]
    return sorted(rows, key=lambda row: row.study_name)


def written_spec(connection: Connection | Session, name: str) -> Any:
    """Return a study's file as it stands in its row, unread; None without study or file."""
    query = select(STUDY_ATTRIBUTES.c.value_json)
    query = query.join(STUDIES, STUDIES.c.study_id == STUDY_ATTRIBUTES.c.study_id)
    this = STUDIES.c.study_name == name, STUDY_ATTRIBUTES.c.key == SPEC
    return connection.execute(query.where(*this)).scalar()


def read_system_attribute(connection: Connection, key: str) -> dict[int, Any]:
    """Return one system attribute of all studies that have it, by their numbers; no other is read.

    What is no JSON stays the text that it is, for whoever needs it to say that it is damaged.
    """
    attribute = STUDY_SYSTEM_ATTRIBUTES.c
    query = select(attribute.study_id, attribute.value_json).where(attribute.key == key)
    values = {}
    for number, text in connection.execute(query):
        try:
            values[number] = json.loads(text)
        except (ValueError, TypeError):
            values[number] = text
    return values
