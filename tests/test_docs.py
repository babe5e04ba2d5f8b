"""Docs made from the code are what it makes now, and their examples are valid."""

import re
import shlex
from typing import Any

import pytest
from typer.main import get_command

from docs.generate import COMMANDS, SCHEMA, generated
from dynstudy.cli import EXAMPLES, app
from dynstudy.store.tables import Base
from tests.conftest import ROOT

GROUP: Any = get_command(app)
SHARED = {"__init__", "__main__", "options", "pages", "progress_display", "session"}
LINES = [(name, line) for name, lines in EXAMPLES.items() for line in lines]


def test_what_is_made_from_the_code_is_up_to_date() -> None:
    made = generated()
    for path in {*made, *COMMANDS.glob("*.md")}:
        name = path.relative_to(ROOT)
        assert path in made, f"{name} is of no command: run `make docs`"
        assert path.exists(), f"{name} is missing: run `make docs`"
        assert path.read_text(encoding="utf-8") == made[path], f"{name} is stale: run `make docs`"


def test_every_command_has_a_page_with_all_its_options_and_an_example() -> None:
    for name, command in GROUP.commands.items():
        page = (COMMANDS / f"{name}.md").read_text(encoding="utf-8")
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert f"`{parameter.opts[0]}`" in page
                assert parameter.help, f"{name} {parameter.opts[0]} has no help"
        assert "## Examples" in page, f"give {name} an example in its file"
        assert f"$ dynstudy {name} " in page
    files = {path.stem for path in (ROOT / "dynstudy" / "cli").glob("*.py")}
    assert [*EXAMPLES] == [*GROUP.commands]
    assert set(EXAMPLES) == files - SHARED


@pytest.mark.parametrize(("name", "line"), LINES, ids=[line for _, line in LINES])
def test_an_example_is_what_the_command_takes(name: str, line: str) -> None:
    program, command, *arguments = shlex.split(line)
    assert (program, command) == ("dynstudy", name)
    context = GROUP.commands[name].make_context(name, arguments)  # fails on what it does not know
    assert context.params
    for word in arguments:
        if re.match(r"studies/.*\.toml", word):
            assert (ROOT / word).exists()


def test_every_table_and_column_says_what_it_means() -> None:
    text = SCHEMA.read_text(encoding="utf-8")
    for table in Base.metadata.sorted_tables:
        assert f"### `{table.name}`" in text
        for column in table.columns:
            assert column.doc, f"{table.name}.{column.name} has no doc="
            assert column.doc.replace("|", "\\|") in text
