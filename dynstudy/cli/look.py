"""Commands that look at studies and change nothing."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dynstudy.cli.common import (
    STUDY,
    FormatOption,
    StorageOption,
    StudyArgument,
    log,
    one_of,
    opened,
    row_format,
)
from dynstudy.study.kinds import KINDS

STATUSES = ("running", "complete", "incomplete")  # of `dynstudy.report.listing`


def list_studies(
    status: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(STATUSES), help="Only these.", autocompletion=one_of(*STATUSES)
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(metavar="|".join(KINDS), help="Only these.", autocompletion=one_of(*KINDS)),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(metavar="TAG", help="Only studies with this tag; with all, if several."),
    ] = None,
    match: Annotated[
        str, typer.Option(metavar="PATTERN", help="Only names like this, as in 'regime-*'.")
    ] = "*",
    storage: StorageOption = None,
    form: FormatOption = "table",
) -> None:
    """List the studies in the storage, with their sizes."""
    from dynstudy.report.listing import list_rows
    from dynstudy.report.rows import print_rows

    shape = row_format(form)
    with opened(storage) as found:
        rows = list_rows(found, status=status, kind=kind, tags=tag or (), match=match)
        empty = not rows and not found.names()
    if not rows:
        log("there are no studies yet" if empty else "no study is like that")
    print_rows(rows, shape, sys.stdout)


def show(
    study: StudyArgument,
    top: Annotated[int, typer.Option(help="How many of the best cells.", min=1)] = 5,
    storage: StorageOption = None,
    form: FormatOption = "table",
) -> None:
    """Show one study: progress, best cells, study file and provenance."""
    from dynstudy.report.overview import overview, print_overview

    shape = row_format(form)
    with opened(storage) as opened_storage:
        found = overview(opened_storage, study, top)
    print_overview(found, shape, sys.stdout)


def draw_map(
    study: StudyArgument,
    out: Annotated[Path, typer.Option(help="Folder for the PNG and the CSV.")] = Path("results"),
    boundaries: Annotated[
        bool,
        typer.Option(
            "--boundaries",
            help="Print, and write as CSV, where the gain passes 0.02 and forgetting sets in.",
        ),
    ] = False,
    storage: StorageOption = None,
    form: FormatOption = "table",
) -> None:
    """Print the regime map of a study, and write it as PNG and CSV."""
    from dynstudy.analysis.boundaries import find_boundaries
    from dynstudy.analysis.regime_map import regime_map
    from dynstudy.report.boundary_text import print_boundaries
    from dynstudy.report.map_files import write_boundaries, write_map
    from dynstudy.report.map_text import print_map
    from dynstudy.report.rows import Format, frame_rows, print_rows

    shape = row_format(form)
    with opened(storage) as opened_storage:
        found = regime_map(opened_storage, study)
    lines = find_boundaries(found) if boundaries else None
    written = write_map(found, out)
    if lines is not None:
        written.append(write_boundaries(study, lines, out))
    if shape is Format.table:
        print_map(found, sys.stdout)
        if lines is not None:
            print_boundaries(found.dynamical_cells(), lines, sys.stdout)
    else:
        print_rows(frame_rows(found.frame if lines is None else lines), shape, sys.stdout)
        for note in found.notes:
            log(f"note: {note}")
    sys.stdout.flush()  # the table first, where both go to one terminal
    for path in written:
        log(f"wrote {path}")


def diff(
    first: Annotated[str, STUDY],
    second: Annotated[str, STUDY],
    top: Annotated[
        int, typer.Option(help="How many shared configurations, most different first.", min=0)
    ] = 10,
    storage: StorageOption = None,
    form: FormatOption = "table",
) -> None:
    """Compare two studies: their files, what they share, what they found."""
    from dynstudy.analysis.study_diff import compare
    from dynstudy.report.rows import print_rows

    shape = row_format(form)
    with opened(storage) as found:
        compared = compare(found, first, second, top)
    print_rows(compared.rows, shape, sys.stdout)
    for note in compared.notes:
        log(note)
