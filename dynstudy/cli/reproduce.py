"""``dynstudy reproduce``."""

from pathlib import Path
from typing import Annotated

import typer

from dynstudy.cli.options import FormatOption
from dynstudy.cli.session import log, progress_display, show_rows
from dynstudy.report.words import Format

EXAMPLES = ("dynstudy reproduce best.toml",)


def command(
    file: Annotated[Path, typer.Argument(help="An export, as TOML.")],
    backend: Annotated[
        str | None, typer.Option(help="What trains. [default: that which trained it before]")
    ] = None,
    form: FormatOption = Format.table,
) -> None:
    """Train an export again; it passes or fails.

    Bit for bit where backend, device, processor and versions are those that trained it; else the
    means must agree within three joint standard errors. Exit status 1 if it fails.
    """
    from dynstudy.export.export_file import load_export
    from dynstudy.export.reproducing import reproduce
    from dynstudy.export.weights import check_weights

    export = load_export(file)
    with progress_display(file.name) as display:
        done = reproduce(export, backend=backend, report=display.update, log=display.log)
    problems = [*done.problems]
    for entry in export.configuration:
        problems += check_weights(entry, export.protocol, file.parent)
    if done.rows:
        show_rows(done.rows, form)
    verdict = "failed" if problems else "passed"
    tested = f"tested: {done.test}" if done.test else "nothing was trained"
    say = typer.echo if form is Format.table else log
    say(f"{verdict} ({tested})")
    for problem in problems:
        log(f"failed: {problem}")
    if problems:
        raise typer.Exit(1)
