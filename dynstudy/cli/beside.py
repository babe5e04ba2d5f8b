"""Commands that draw studies beside each other, or in the form of the paper."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dynstudy.cli.common import (
    FormatOption,
    StorageOption,
    StudyArgument,
    complete_study,
    log,
    one_of,
    opened,
    row_format,
)

FIGURES = ("fig3",)  # of `dynstudy.report.paper_figure`, which is slow to import
FIGURE_COLUMNS = [
    "loss",
    "width",
    "learning_rate",
    "amplitude",
    "period",
    "val_accuracy",
    "sem",
    "replicates",
]


def compare(
    studies: Annotated[
        list[str],
        typer.Argument(
            metavar="STUDY",
            help="Names of studies; one is enough if it has several dynamical losses.",
            autocompletion=complete_study,
        ),
    ],
    cells: Annotated[
        bool, typer.Option("--cells", help="Print the matched cells, not the summary.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Write compare.png, compare.csv and compare-cells.csv to it."
        ),
    ] = None,
    storage: StorageOption = None,
    form: FormatOption = "table",
) -> None:
    """Losses, widths and protocols side by side: what is useful, and gains at matched cells.

    Cells match where width, learning rate, amplitude and period are equal. Differences are of mean
    gains over matched cells, to the first loss of the first study that has them; networks that two
    sides share take no part in them.
    """
    from dynstudy.analysis.comparison import side_by_side
    from dynstudy.report.comparison_files import short_rows, write_comparison
    from dynstudy.report.rows import Format, print_rows

    shape = row_format(form)
    with opened(storage) as opened_storage:
        found = side_by_side(opened_storage, studies)
    written = [] if out is None else write_comparison(found, out)
    if cells:
        print_rows(found.cells, shape, sys.stdout)
    elif shape is Format.table:
        print_rows(short_rows(found), shape, sys.stdout)
    else:
        print_rows(found.summary, shape, sys.stdout)
    sys.stdout.flush()  # the table first, where both go to one terminal
    for note in found.notes:
        log(f"note: {note}")
    for path in written:
        log(f"wrote {path}")


def figure(
    name: Annotated[
        str,
        typer.Argument(
            metavar="|".join(FIGURES),
            help="Which figure of the paper; fig3 is validation accuracy over width.",
            autocompletion=one_of(*FIGURES),
        ),
    ],
    study: StudyArgument,
    out: Annotated[
        Path,
        typer.Option(metavar="FILE|FOLDER", help="A .png or .pdf file, or a folder for a PNG."),
    ] = Path("results"),
    amplitude: Annotated[
        float | None, typer.Option(help="Which, where the study has several.")
    ] = None,
    period: Annotated[int | None, typer.Option(help="Which, where the study has several.")] = None,
    storage: StorageOption = None,
    form: FormatOption = "table",
) -> None:
    """Draw a figure of the paper from a study, and print the numbers in it.

    fig3: validation accuracy over width, a curve per loss at one amplitude and period beside the
    static loss, with standard errors of the means.
    """
    from dynstudy.analysis.regime_map import regime_map
    from dynstudy.report.paper_figure import figure_file, over_width, write_figure3
    from dynstudy.report.rows import frame_rows, print_rows

    shape = row_format(form)
    path = figure_file(name, study, out)
    with opened(storage) as opened_storage:
        shown = over_width(regime_map(opened_storage, study), amplitude, period)
    write_figure3(shown, path)
    rows = shown.frame.sort_values(["loss", "learning_rate", "width"])
    print_rows(frame_rows(rows[FIGURE_COLUMNS]), shape, sys.stdout)
    sys.stdout.flush()  # the table first, where both go to one terminal
    log(f"wrote {path}")
