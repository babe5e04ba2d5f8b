"""What a person changes about a study without training anything: its name, its note, its tags."""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from dynstudy.errors import DamagedError, DynstudyError, StudyBusyError, StudyMismatchError
from dynstudy.store.launches import lock, running_now, way_out
from dynstudy.store.optuna_private import STUDIES, STUDY_ATTRIBUTES
from dynstudy.store.studies import AnyStudy, Storage
from dynstudy.store.study_rows import SPEC, attribute_damaged
from dynstudy.study.spec import StudySpec

NOTE = "dynstudy:note"
"""The study attribute that holds the user's own words."""

TAGS = "dynstudy:tags"
"""The study attribute that holds a sorted list of words."""

MAX_TAG = 50


def rename(storage: Storage, name: str, new: str) -> None:
    """Give a study another name, also in its zooms, unless it is run now; all else stays."""
    study = storage.study(name)
    number = storage.study_id(study)
    specs = {number: _changed(storage.spec(study), name=new)}
    specs |= {each: _changed(spec, zoom_of=new) for each, spec in _zooms(storage, name)}
    # Optuna cannot rename. Its table and our attribute change together, or neither.
    with Session(storage.engine) as session, session.begin():
        lock(session)
        refuse_if_running(session, number, name)
        if session.execute(select(STUDIES).where(STUDIES.c.study_name == new)).first():
            raise StudyMismatchError(f"study {new!r} exists in {storage.url}; choose another name")
        session.execute(update(STUDIES).where(STUDIES.c.study_id == number).values(study_name=new))
        for each, spec in specs.items():
            attribute = update(STUDY_ATTRIBUTES).where(
                STUDY_ATTRIBUTES.c.study_id == each, STUDY_ATTRIBUTES.c.key == SPEC
            )
            text = json.dumps(spec.resolved(), sort_keys=True)
            session.execute(attribute.values(value_json=json.dumps(text)))  # as Optuna stores it


def _changed(spec: StudySpec, **keys: str) -> StudySpec:
    return StudySpec.of(spec.resolved() | keys, "rename")


def _zooms(storage: Storage, name: str) -> Iterator[tuple[int, StudySpec]]:
    """The studies that say they are zooms of one, by their numbers."""
    for study in storage.studies():
        with suppress(DamagedError):  # which is not asked for
            spec = storage.spec(study)
            if getattr(spec, "zoom_of", None) == name:
                yield study.number, spec


def refuse_if_running(session: Session, number: int, name: str) -> None:
    """Refuse to change a study that a live process runs, in a session that locked the database."""
    if (launch := running_now(session).get(number)) is not None:
        raise StudyBusyError(f"study {name!r} is being run{way_out(launch)}")


def note_of(study: AnyStudy) -> str:
    """The user's own words on a study, empty if there are none."""
    return str(study.user_attrs.get(NOTE) or "")


def set_note(storage: Storage, name: str, text: str) -> None:
    """Keep the user's own words with a study, of any length; an empty text removes them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DynstudyError("the note is not valid UTF-8; write it in that encoding") from None
    study = storage.study(name)
    if text.strip():
        study.set_user_attr(NOTE, text)
    else:
        _remove_attribute(storage, storage.study_id(study), NOTE)


def tags_of(study: AnyStudy) -> list[str]:
    """The tags of a study, sorted."""
    tags = study.user_attrs.get(TAGS) or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        problem = "must be a list of words"
        raise DamagedError(attribute_damaged(study.study_name, TAGS, tags, problem))
    return list(tags)


def change_tags(
    storage: Storage, name: str, add: Iterable[str] = (), remove: Iterable[str] = ()
) -> list[str]:
    """Add tags of one word to a study and remove others, which it must have: its tags, sorted."""
    study = storage.study(name)
    before = set(tags_of(study))
    added, removed = {_checked(tag) for tag in add}, set(remove)
    for tag in sorted(removed - before - added):
        there = f"its tags are {', '.join(sorted(before))}" if before else "it has no tags"
        raise DynstudyError(f"study {name!r} has no tag {tag!r}; {there}")
    after = sorted((before | added) - removed)
    if set(after) == before:
        return after  # whoever only looks at them may do so while another program writes
    if after:
        study.set_user_attr(TAGS, after)
    else:
        _remove_attribute(storage, storage.study_id(study), TAGS)
    return after


def _checked(tag: str) -> str:
    word = tag.isprintable() and "," not in tag and len(tag.split()) == 1
    if not word or tag != tag.strip() or len(tag) > MAX_TAG:
        raise DynstudyError(
            f"tag {tag!r}: must be one printable word of at most {MAX_TAG} characters, "
            "without commas"
        )
    return tag


def _remove_attribute(storage: Storage, number: int, key: str) -> None:
    """Optuna can only set attributes."""
    columns = STUDY_ATTRIBUTES.c
    attribute = delete(STUDY_ATTRIBUTES).where(columns.study_id == number, columns.key == key)
    with storage.engine.begin() as connection:
        connection.execute(attribute)
