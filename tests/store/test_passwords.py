"""No part of a password is shown or kept."""

import json
import pickle
import traceback

import optuna
import pytest
import sqlalchemy
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

import dynstudy
from dynstudy.errors import StorageError
from dynstudy.report.overview import launch_facts
from dynstudy.store.launches import launches
from dynstudy.store.passwords import apart, kept_command, without_passwords
from dynstudy.store.studies import Storage
from dynstudy.store.tables import RunRow
from tests.databases import SQLITE_ALONE
from tests.planted import SpecMaker

SERVER = "127.0.0.1:1/none"  # where nobody listens


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:secret@host/db", "postgresql://me:***@host/db"),
        ("a://b:c@d and e://f:g@h", "a://b:***@d and e://f:***@h"),
        ("a://b:c@d:e/f g@host/db", "a://b:***@host/db"),
        ("a://:c@host", "a://:***@host"),
        ("a://b@c:d@host", "a://b@c:***@host"),
        ("a://b@host/db?password=c&d=e f", "a://b@host/db?password=***"),
        ("a://b@host/db?x=1&PGPASSWORD=c", "a://b@host/db?x=1&PGPASSWORD=***"),
        ("a://b@host/db?sslpassword=c", "a://b@host/db?sslpassword=***"),
        ("host=b user=c password = d", "host=b user=c password =***"),
        ("postgresql://me@host:5432/db?sslmode=disable", None),
        ("sqlite:///storage/dynstudy.db", None),
        ("sqlite:////home/a:b@c/x.db", None),
        ("--set note=a:b@c", None),
    ],
)
def test_passwords_are_hidden_and_nothing_else(text: str, shown: str | None) -> None:
    assert without_passwords(text) == (text if shown is None else shown)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://me:sec@ret@{SERVER}",
        f"postgresql+psycopg://me:sec:ret@{SERVER}",
        f"postgresql+psycopg://me:sec/ret@{SERVER}",
        f"postgresql+psycopg://me:sec ret@{SERVER}",
        f"postgresql+psycopg://me:sec?ret@{SERVER}",
        f"postgresql+psycopg://me:{{sec}}ret@{SERVER}",
        f"postgresql+psycopg://me:sec%40ret@{SERVER}",
        f"postgresql+psycopg://me@{SERVER}?password=secret",
        f"postgresql+psycopg://me@{SERVER}?sslpassword=secret&sslmode=disable",
        f"postgresql+psycopg://me@{SERVER}?PGPASSWORD=secret",
        f"postgresql+psycopg://me@{SERVER}?password=secret&nonsense=1",
        "postgresql+psycopg://me:secret@host:port/none",
        "postgresql+nonsense://me:secret@host/none",
        "postgres://me:secret@host/none",
        "postgresql:me:secret@host/none",
        "me:secret@host/none",
        "host=here password=secret",
        "sqlite:///x.db?password=secret",
    ],
)
def test_no_error_has_any_part_of_it(url: str) -> None:
    with pytest.raises(StorageError) as caught:
        Storage(url, create=True)
    assert "\n" not in str(caught.value)
    said = "".join(traceback.format_exception(caught.value)).casefold()
    for part in ("secret", "sec@", "sec:", "sec/", "sec ", "ret@", "{sec}", "sec%40"):
        assert part not in said


def test_what_holds_a_connection_has_no_password_and_the_driver_gets_it() -> None:
    url = "postgresql+psycopg://me:sec%40ret@host/db?sslpassword=two&sslmode=require"
    address, given = apart(sqlalchemy.make_url(url))
    assert given == {"password": "sec@ret", "sslpassword": "two"}
    assert str(address) == "postgresql+psycopg://me@host/db?sslmode=require"
    got = PGDialect_psycopg().create_connect_args(address)[1] | given
    assert got == given | {"user": "me", "host": "host", "dbname": "db", "sslmode": "require"}


@SQLITE_ALONE  # the other one is with a password here
def test_other_urls_are_left_as_they_are(storage: Storage, url: str) -> None:
    for text in (url, "postgresql+psycopg://me@host:5432/db?sslmode=disable"):
        address, given = apart(sqlalchemy.make_url(text))
        assert (address, given) == (sqlalchemy.make_url(text), {})
    copied = pickle.loads(pickle.dumps(storage.optuna))  # as Optuna's processes get it
    assert isinstance(copied, optuna.storages.RDBStorage)
    assert copied.get_all_studies() == []


LEAKED = (
    "dynstudy run x.toml --storage 'a://b:***@c d@host/db' --storage=a://h?password=x --set 'e=f g'"
)
HIDDEN = (
    "dynstudy run x.toml --storage a://b:***@host/db --storage=a://h?password=*** --set 'e=f g'"
)


def test_what_an_older_dynstudy_kept_of_a_password_goes_with_the_next_launch(
    storage: Storage, url: str, make_spec: SpecMaker
) -> None:
    dynstudy.run(make_spec(), storage=storage)
    dynstudy.run(make_spec(), storage=storage)
    with storage.engine.begin() as connection:
        (first, second) = connection.execute(
            select(RunRow.id, RunRow.provenance).order_by(RunRow.id)
        ).all()
        facts = json.loads(first.provenance)
        leaking = {"command": LEAKED, "provenance": json.dumps(facts | {"command": LEAKED})}
        connection.execute(update(RunRow).where(RunRow.id == first.id).values(leaking))
    assert launch_facts(launches(storage.engine, 1)[0])["command"] == HIDDEN
    Storage(url, create=True).engine.dispose()
    after = launches(storage.engine, 1)
    assert after[0].command == HIDDEN
    assert json.loads(after[0].provenance) == facts | {"command": HIDDEN}
    assert after[1].provenance == second.provenance


def test_a_command_without_a_password_is_left_as_it_was_kept() -> None:
    for text in ('dynstudy run "a b.toml"', "dynstudy run 'cut off", "dynstudy run a  b"):
        assert kept_command(text) == text
    kept = "dynstudy run 'a b.toml' --storage postgresql://me:secret@host/db"
    assert kept_command(kept) == kept.replace("secret", "***")


def test_of_a_password_that_is_given_twice_the_driver_gets_the_last() -> None:
    address, given = apart(sqlalchemy.make_url("postgresql://host/db?password=a&password=b"))
    assert (str(address), given) == ("postgresql://host/db", {"password": "b"})
