"""``dynstudy init``."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from dynstudy.cli.options import FormatOption
from dynstudy.cli.session import log, show_rows
from dynstudy.report.words import Format

EXAMPLES = ("dynstudy init", "dynstudy init quickstart", "dynstudy init map --out mine.toml")


def complete_shipped(incomplete: str) -> list[str]:
    """Names of study files that come with dynstudy, for the shell's completion."""
    from dynstudy.study.shipped import shipped

    return [name for name in shipped() if name.startswith(incomplete)]


def command(
    name: Annotated[
        str | None,
        typer.Argument(
            help="Which; without a name, those that there are are listed.",
            autocompletion=complete_shipped,
        ),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List those that there are.")] = False,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="File to write; - for stdout. [default: NAME.toml]",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file.")] = False,
    form: FormatOption = Format.table,
) -> None:
    """Write a study file to begin with, with comments: a template, or a study of the paper.

    `map`, `search` and `boundary` are templates of each kind of study, `quickstart` a map of
    seconds; all run as they are.
    """
    from dynstudy.errors import DynstudyError
    from dynstudy.report.safe_files import check_folder, write_whole
    from dynstudy.study.shipped import beside, question, shipped, shipped_file

    if name is None or list_:
        show_rows(
            [{"name": each, "about": question(path)} for each, path in shipped().items()], form
        )
        log("dynstudy init NAME writes one of them to NAME.toml")
        return
    source = shipped_file(name)
    text = source.read_text(encoding="utf-8")
    if out == "-":
        typer.echo(text, nl=False)
        return
    path = Path(out or source.name)
    contents = {path: text.encode()}
    contents |= {path.with_name(each.name): each.read_bytes() for each in beside(source)}
    for file in contents:
        check_folder(file)
        if file.exists() and not force:
            raise DynstudyError(
                f"{file}: is there already; --force writes over it, --out names another file"
            )
    for file, written in reversed(contents.items()):
        write_whole(file, partial(Path.write_bytes, data=written))
    for file in list(contents)[1:]:
        log(f"wrote {file}")
    log(f"wrote {path}; next: dynstudy run {path} --dry-run")
