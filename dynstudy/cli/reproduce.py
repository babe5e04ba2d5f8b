"""``dynstudy reproduce``."""

from pathlib import Path
from typing import Annotated

import typer

from dynstudy.cli.options import FormatOption
from dynstudy.cli.session import log, progress_display, show_rows
from dynstudy.report.words import Format

EXAMPLES = ("dynstudy reproduce best.toml",)
BESIDE_MEANS = "configuration", "replicates", "recorded_sem", "reproduced_sem"


def command(
    file: Annotated[Path, typer.Argument(help="An export, as TOML.")],
    backend: Annotated[
        str | None, typer.Option(help="What trains. [default: that which trained it before]")
    ] = None,
    other_versions: Annotated[
        bool,
        typer.Option(
            "--other-versions",
            help="Where other versions of the packages trained it, let numbers differ as on "
            "another machine.",
        ),
    ] = False,
    form: FormatOption = Format.table,
) -> None:
    """Train an export again; it passes or fails.

    Bit for bit where backend, device and processor are those that trained it; else the means must
    agree within three joint standard errors. A file that contradicts itself is not trained, and
    what training cannot tell is named. Exit status 1 if it fails.
    """
    from dynstudy.export.export_file import load_export
    from dynstudy.export.reproducing import reproduce

    export = load_export(file)
    with progress_display(file.name) as display:
        done = reproduce(
            export,
            file.parent,
            backend=backend,
            other_versions=other_versions,
            report=display.update,
            log=display.log,
        )
    if done.rows:
        show_rows(done.rows, form, last=BESIDE_MEANS)
    verdict = "failed" if done.problems else "passed"
    tested = f"tested: {done.test}" if done.test else "it contradicts itself; nothing was trained"
    say = typer.echo if form is Format.table else log
    say(f"{verdict} ({tested})")
    if done.loosened:
        say(f"not tested bit for bit: {done.loosened}")
    for each in done.unchecked:
        say(f"not checked: {each}")
    for problem in done.problems:
        log(f"failed: {problem}")
    if done.problems:
        raise typer.Exit(1)
