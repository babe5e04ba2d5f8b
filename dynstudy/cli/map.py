"""``dynstudy map``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dynstudy.cli.options import FolderOption, FormatOption, StorageOption, StudyArgument
from dynstudy.cli.session import log_files, opened, show_rows
from dynstudy.report.words import Format

EXAMPLES = (
    "dynstudy map quickstart --out results",
    "dynstudy map quickstart --format csv",
    "dynstudy map regime-dce --boundaries",
)


def command(
    study: StudyArgument,
    out: FolderOption = Path("results"),
    boundaries: Annotated[
        bool,
        typer.Option(
            "--boundaries",
            help="Print, draw and write as CSV where the gain passes 0.02 and forgetting sets in.",
        ),
    ] = False,
    storage: StorageOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Print the regime map of a study, and write it as PNG and CSV."""
    from dynstudy.analysis.boundaries import find_boundaries
    from dynstudy.analysis.regime_map import regime_map
    from dynstudy.report.boundary_text import boundary_lines, print_boundaries
    from dynstudy.report.map_text import print_map, write_map
    from dynstudy.report.rows import frame_rows
    from dynstudy.report.safe_files import file_stem, write_rows

    with opened(storage) as database:
        shown = regime_map(database, study)
    lines = find_boundaries(shown) if boundaries else None
    written = write_map(shown, out, boundaries=boundaries)
    if lines is not None:
        written.append(write_rows(lines, out / f"{file_stem(study)}-boundaries.csv"))
    if form is Format.table:
        print_map(shown, sys.stdout)
        if lines is not None:
            print_boundaries(boundary_lines(shown.dynamical_cells(), lines), sys.stdout)
        log_files(written)
    else:
        show_rows(frame_rows(shown.frame if lines is None else lines), form)
        log_files(written, shown.notes)
