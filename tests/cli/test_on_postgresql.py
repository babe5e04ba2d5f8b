"""Every command says and writes on PostgreSQL what it does on SQLite, of the same studies."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli_w
from sqlalchemy import make_url

from dynstudy.launch.runner import run
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from tests.cli.three_studies import OTHER, Command
from tests.command import called
from tests.planted import SEARCH, SMALL
from tests.postgres import Databases

pytestmark = pytest.mark.long

MORE = SMALL | {"space": {**SMALL["space"], "width": [5, 8]}}

SEQUENCES = {
    "looked at": [
        "list",
        "list --format json",
        "list --sort cells",
        "show small",
        "show search",
        "show small --format json",
        "map small --format csv",
        "map other --out pictures",
        "map search",
        "compare small other",
        "power small",
        "trace small",
    ],
    "taken away": ["export small --out exported", "export search --format csv --out table"],
    "kept": [
        "tag small paper draft",
        "tag small --remove draft",
        "note small -m words",
        "rename small tiny",
        "list --tag paper --format json",
        "show tiny",
        "delete tiny --yes",
        "delete other --purge --yes",
        "list",
    ],
    "run": [
        "run small.toml --dry-run",
        "run small.toml",
        "run more.toml",
        "run more.toml --extend",
        "run search.toml",
        "map small --format csv",
        "storage check",
    ],
    "wrong": ["show smal", "delete nothing --yes", "rename small other", "map search --as nothing"],
}

CHANGING = re.compile(
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?|\d+(\.\d+)? (s|ms|min|kB|MB|B)\b"
    r'|.* left$|"seconds": [\d.]+|[\d.e+]+ \w*( network-)?steps/s',
    re.MULTILINE,
)
"""Times, speeds and sizes."""


@pytest.fixture(scope="session")
def trained_postgresql(databases: Databases) -> Iterator[str]:
    """As `trained`, to be copied."""
    with databases.database() as url:
        storage = Storage(url, create=True)
        for study in (SMALL, OTHER, SEARCH):
            run(StudySpec.of(study), storage=storage)
        storage.engine.dispose()
        yield url


def steady(text: str, url: str) -> str:
    shown = make_url(url).render_as_string(hide_password=True)
    plain = text.replace(url, "URL").replace(shown, "URL")
    return CHANGING.sub("#", plain.replace("sqlite:///storage/dynstudy.db", "URL"))


@pytest.mark.parametrize("commands", SEQUENCES.values(), ids=SEQUENCES)
def test_commands_do_the_same(
    commands: list[str],
    command: Command,
    three: Path,
    trained_postgresql: str,
    databases: Databases,
    tmp_path: Path,
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for folder in (three, other):
        for study in (SMALL, MORE, SEARCH):
            name = "more" if study is MORE else study["name"]
            (folder / f"{name}.toml").write_text(tomli_w.dumps(study))
    with databases.database(trained_postgresql) as url:
        for line in commands:
            here = command(*line.split())
            there = called(other, io.StringIO(), *line.split(), DYNSTUDY_STORAGE=url)
            shown = [
                (status, steady(out, url), steady(err, url)) for status, out, err in (here, there)
            ]
            assert shown[1] == shown[0], line
            assert here[0] == (2 if commands is SEQUENCES["wrong"] else here[0])
            assert str(make_url(url).password) not in there[1] + there[2]
