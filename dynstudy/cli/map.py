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
    "dynstudy map regime-dce --show instability --out results",
    "dynstudy map atlas --show forgetting",
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
    show: Annotated[
        str | None,
        typer.Option(
            metavar="MEASURE",
            help="Print, draw and write a measure beside the gain, such as share_uphill; or "
            "instability: the four of how unstable training was, and how the gain goes with each.",
        ),
    ] = None,
    storage: StorageOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Print the regime map of a study, and write it as PNG and CSV.

    Of an atlas NAME-pixels-MEASURE.png is written, too, which has a pixel for each network, and
    NAME-edges.csv, the edges of the smoothed useful region and of forgetting along each row, which
    --boundaries prints; and NAME-slope.csv, how the useful region lies, if that can be said.
    """
    from dynstudy.analysis.association import associate
    from dynstudy.analysis.boundaries import find_boundaries
    from dynstudy.analysis.measure_map import INSTABILITIES, map_of_measures
    from dynstudy.analysis.regime_map import regime_map
    from dynstudy.errors import DynstudyError
    from dynstudy.report.atlas_text import print_edges, write_atlas
    from dynstudy.report.boundary_text import boundary_lines, print_boundaries
    from dynstudy.report.map_text import print_map, write_map
    from dynstudy.report.measure_text import (
        print_association,
        print_measures,
        write_association,
        write_measures,
    )
    from dynstudy.report.rows import frame_rows
    from dynstudy.report.safe_files import file_stem, write_rows

    with opened(storage) as database:
        shown = regime_map(database, study)
    if shown.atlas is not None:
        edges = find_boundaries(shown) if boundaries and form is not Format.table else None
        written = write_atlas(shown, show, out) + write_map(shown, out)
        if form is Format.table:
            print_map(shown, sys.stdout)
            if boundaries:
                print_edges(shown, sys.stdout)
            log_files(written)
            return
        show_rows(frame_rows(shown.frame if edges is None else edges), form)
        log_files(written, shown.notes)
        return
    if boundaries and show is not None and form is not Format.table:
        raise DynstudyError(
            f"--boundaries and --show: rows of both are not one table; --format {form} takes one"
        )
    lines = find_boundaries(shown) if boundaries else None
    measures = None if show is None else map_of_measures(shown, show)
    association = associate(measures) if measures and show == INSTABILITIES else None
    written = write_map(shown, out, boundaries=boundaries)
    if lines is not None:
        written.append(write_rows(lines, out / f"{file_stem(study)}-boundaries.csv"))
    if measures is not None and show is not None:
        written += write_measures(measures, show, out)
    if association is not None:
        written += write_association(association, out)
    if form is Format.table:
        print_map(shown, sys.stdout)
        if lines is not None:
            print_boundaries(boundary_lines(shown.dynamical_cells(), lines), sys.stdout)
        if measures is not None:
            print_measures(measures, sys.stdout)
        if association is not None:
            print_association(association, sys.stdout)
        log_files(written)
        return
    rows = shown.frame if lines is None else lines
    show_rows(frame_rows(rows if measures is None else measures.frame), form)
    log_files(written, shown.notes)
