"""Docs that are made: commands, the SQL schema, keys, columns, results. ``make docs``."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from typer.main import get_command

import dynstudy
from docs import study_keys
from docs.results_tables import with_tables
from dynstudy.analysis import association, atlas_edges, atlas_slope, boundaries, measure_map
from dynstudy.cli import EXAMPLES, app, each_command
from dynstudy.export import replicate_table
from dynstudy.measure.measures import INSTABILITY, MEASURES
from dynstudy.statistics import columns
from dynstudy.store.tables import Base

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = ROOT / "docs" / "commands"
COLUMNS = ROOT / "docs" / "columns.md"
API = ROOT / "docs" / "api.md"
RESULTS = ROOT / "docs" / "results.md"
INSTABILITY_PAGE = ROOT / "docs" / "instability.md"
BIFURCATIONS_PAGE = ROOT / "docs" / "bifurcations.md"
ATLAS_PAGE = ROOT / "docs" / "atlas.md"
SCHEMA = ROOT / "storage" / "README.md"
STUDY_FILE = ROOT / "docs" / "study-file.md"
BEGIN = re.compile("<!-- made from .* by `make docs`: begin -->")
END = "<!-- made by `make docs`: end -->"
MADE = "<!-- made from dynstudy/cli/ by `make docs`; change it there -->"
WORDS = {"int": "NUMBER", "float": "NUMBER", "Path": "PATH", "str": "TEXT"}


def generated() -> dict[Path, str]:
    """Everything that is made: the contents of each file, by its path."""
    group: Any = get_command(app)
    pages = {
        COMMANDS / page_file(name): page(name, command)
        for name, command in each_command(group).items()
    }
    return {
        COMMANDS / "README.md": index(group),
        **pages,
        SCHEMA: with_made(SCHEMA, schema()),
        STUDY_FILE: with_made(STUDY_FILE, study_file()),
        COLUMNS: columns_page(),
        API: with_made(API, api()),
        **{
            page: with_tables(page.read_text(encoding="utf-8"))
            for page in (RESULTS, INSTABILITY_PAGE, BIFURCATIONS_PAGE, ATLAS_PAGE)
        },
    }


def page_file(words: str) -> str:
    """The page of a command that is called by these words."""
    return f"{words.replace(' ', '-')}.md"


def index(group: Any) -> str:
    """The list of commands, the options before them, and the exit statuses."""
    panels: dict[str, list[tuple[str, ...]]] = {}
    for name, command in each_command(group).items():
        row = (f"[`dynstudy {name}`]({page_file(name)})", paragraphs(command.help)[0])
        panel = group.commands[name.split()[0]].rich_help_panel
        panels.setdefault(panel, []).append(row)
    parts = [
        MADE,
        "# Commands",
        group.help,
        *(
            part
            for panel, rows in panels.items()
            for part in (f"## {panel}", table(("command", "does"), rows))
        ),
        "Before the command may stand, and all but the last two after it as well:",
        options(group.params),
        group.epilog,
    ]
    return "\n\n".join(parts) + "\n"


def page(name: str, command: Any) -> str:
    """One command: what it does, how it is called, and examples."""
    arguments = [argument for argument in command.params if argument.param_type_name == "argument"]
    rows = [(f"`{placeholder(argument)}`", argument.help or "") for argument in arguments]
    usage = " ".join([f"dynstudy {name}", "[OPTIONS]", *map(in_usage, arguments)])
    parts = [
        MADE,
        f"# dynstudy {name}",
        *paragraphs(command.help),
        f"```\n{usage}\n```",
        *([table(("argument", "is"), rows)] if rows else []),
        options(option for option in command.params if option.param_type_name == "option"),
    ]
    lines = "\n".join(f"$ {line}" for line in EXAMPLES[name])
    parts += ["## Examples", f"```console\n{lines}\n```"]
    parts.append("[All commands](README.md), and what the exit statuses mean.")
    return "\n\n".join(parts) + "\n"


def paragraphs(text: str) -> list[str]:
    """A docstring's paragraphs, each on one line."""
    return [" ".join(part.split()) for part in text.split("\n\n")]


def placeholder(parameter: Any) -> str:
    """What stands for an argument or the value of an option; nothing for a switch."""
    if parameter.metavar:
        return str(parameter.metavar)
    if choices := parameter.type_descriptor.choices:
        return "|".join(map(str, choices))
    if parameter.param_type_name == "argument":
        return str(parameter.name).upper()
    return "" if parameter.is_flag else WORDS[value_type(parameter)]


def value_type(parameter: Any) -> str:
    """The name of the type that the words of a command line are turned into."""
    annotation = parameter.type_descriptor.annotation
    return next(word for word in WORDS if re.search(rf"\b{word}\b", f"{annotation!r} {annotation}"))


def in_usage(argument: Any) -> str:
    """An argument as the line of usage has it."""
    several = "..." if argument.nargs < 0 else ""
    return (
        placeholder(argument) + several
        if argument.required
        else f"[{placeholder(argument)}]{several}"
    )


def options(parameters: Any) -> str:
    """A table of options."""
    rows = [
        (
            ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts)),
            f"`{placeholder(option)}`" if placeholder(option) else "",
            default(option),
            (option.help or "") + (" Can be given several times." if option.multiple else ""),
        )
        for option in parameters
    ]
    return table(("option", "value", "default", "meaning"), rows)


def default(option: Any) -> str:
    """What an option is when it is not given, unless that is nothing."""
    if option.multiple or option.default is None or option.default is False:
        return ""
    return f"`{option.opts[0] if option.default is True else option.default}`"


def with_made(path: Path, made: str) -> str:
    """A file's text whose part between the markers is what is made now."""
    text = path.read_text(encoding="utf-8")
    (end,) = (marker.end() for marker in BEGIN.finditer(text))
    _, _, after = text[end:].partition(END)
    return f"{text[:end]}\n\n{made}\n\n{END}{after}"


def study_file() -> str:
    """The keys of a study file, part by part."""
    return "\n\n".join(
        text
        for heading, said, keys in study_keys.parts()
        for text in (heading, said, table(study_keys.HEAD, keys) if keys else "")
        if text
    )


TABLES = {
    "A cell: `dynstudy map` (`NAME.csv`), `--format csv` and `json`": columns.MAP,
    "An edge along a row of an atlas's pixels: `dynstudy map` (`NAME-edges.csv`), here of "
    "amplitude to the right and period upwards": atlas_edges.edge_columns("amplitude", "period"),
    "A slope of an atlas: `dynstudy map` (`NAME-slope.csv`), likewise": (
        atlas_slope.slope_columns("amplitude", "period")
    ),
    "A boundary at a period: `dynstudy map --boundaries` (`NAME-boundaries.csv`)": (
        boundaries.COLUMNS
    ),
    "A cell: `dynstudy map --show instability` (`NAME-instability.csv`)": (
        measure_map.measure_columns([MEASURES[name] for name in INSTABILITY])
    ),
    "A measure of a panel: `dynstudy map --show instability` (`NAME-association.csv`)": (
        association.COLUMNS
    ),
    "A network: `dynstudy export STUDY --format csv`, `parquet` and `netcdf`": (
        replicate_table.COLUMNS
    ),
}
"""What a row is, and where it is written, of each table with columns of its own."""


def columns_page() -> str:
    """The columns of files, in their order."""
    parts = [
        "<!-- made from dynstudy/statistics/columns.py and others by `make docs` -->",
        "# Columns",
        "What each column of a file says, in the order of the file. Fields are empty where a value "
        "is not defined. The definitions are those of [definitions](definitions.md) and "
        "[statistics](statistics.md), in short; accuracies are shares from 0 to 1.",
    ]
    for title, columns_of in TABLES.items():
        rows = [(f"`{each.name}`", each.unit, each.definition) for each in columns_of]
        parts += [f"## {title}", table(("column", "unit", "is"), rows)]
    return "\n\n".join(parts) + "\n"


INHERITED = ["dynstudy.task.losses.modules.DynamicalLoss"]
"""What exported classes share, and say themselves that it says more."""

WITHOUT_MEMBERS = {"BoundarySampler", "StudySpec", "losses"}
"""What is handed on, never called: Optuna or dynstudy does that; or has a row for each."""


def api() -> str:
    """What can be imported: a table for who reads this file, and what MkDocs makes of each."""
    names = [name for name in dynstudy.__all__ if not name.startswith("_")]
    rows = [
        (f"[`dynstudy.{name}`](#dynstudy.{name})", getattr(dynstudy, name).__doc__.splitlines()[0])
        for name in names
    ]
    each = [
        f"::: dynstudy.{name}" + "\n    options: { members: [] }" * (name in WITHOUT_MEMBERS)
        for name in names
    ]
    shared = [f"::: {name}" for name in INHERITED]
    return "\n\n".join([table(("name", "is"), rows), *each, *shared])


def schema() -> str:
    """dynstudy's tables, in the order in which they depend on each other."""
    return "\n\n".join(part for each in Base.metadata.sorted_tables for part in described(each))


def described(sql_table: Any) -> Iterator[str]:
    """One table: its name, what a row is, and its columns."""
    model = next(m.class_ for m in Base.registry.mappers if m.local_table is sql_table)
    yield f"### `{sql_table.name}`"
    yield model.__doc__
    rows = [
        (
            f"`{column.name}`",
            str(column.type) + ("" if column.nullable else " NOT NULL"),
            column.doc or "",
            ", ".join(keys(column)),
        )
        for column in sql_table.columns
    ]
    yield table(("column", "type", "meaning", "key"), rows)


def keys(column: Any) -> Iterator[str]:
    """What a column is besides a value."""
    if column.primary_key:
        yield "primary"
    if column.unique:
        yield "unique"
    if column.index:
        yield "index"
    yield from (f"`{key.target_fullname}`" for key in column.foreign_keys)


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table in Markdown, where | would part cells."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |"
                     for line in lines)  # fmt: skip


def main() -> None:
    """Write all files, and remove the pages of commands that are gone."""
    made = generated()
    COMMANDS.mkdir(exist_ok=True)
    for path in COMMANDS.glob("*.md"):
        if path not in made:
            path.unlink()
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
