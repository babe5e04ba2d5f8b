"""Commands that look at studies and change nothing."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dynstudy.cli.common import FormatOption, StorageOption, StudyArgument, log, opened, row_format


def list_studies(storage: StorageOption = None, form: FormatOption = "table") -> None:
    """List the studies in the storage."""
    from dynstudy.report.overview import list_rows
    from dynstudy.report.table import print_rows

    shape = row_format(form)
    with opened(storage) as found:
        rows = list_rows(found)
    if not rows:
        log("there are no studies yet")
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
    storage: StorageOption = None,
    form: FormatOption = "table",
) -> None:
    """Print the regime map of a study, and write it as PNG and CSV."""
    from dynstudy.report.files import write_map
    from dynstudy.report.regime_map import regime_map
    from dynstudy.report.table import Format, frame_rows, print_map, print_rows

    shape = row_format(form)
    with opened(storage) as opened_storage:
        found = regime_map(opened_storage, study)
    written = write_map(found, out)
    if shape is Format.table:
        print_map(found, sys.stdout)
    else:
        print_rows(frame_rows(found.frame), shape, sys.stdout)
        for note in found.notes:
            log(f"note: {note}")
    sys.stdout.flush()  # the table first, where both go to one terminal
    for path in written:
        log(f"wrote {path}")
