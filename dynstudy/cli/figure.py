"""``dynstudy figure``."""

from pathlib import Path
from typing import Annotated

import typer

from dynstudy.cli.options import FormatOption, StorageOption, StudyArgument
from dynstudy.cli.session import log_files, opened, show_rows
from dynstudy.figures.words import Figure
from dynstudy.report.words import Format

EXAMPLES = (
    "dynstudy figure fig3 fig3a --out fig3a.pdf",
    "dynstudy figure fig3 regime-dce --amplitude 70 --period 1000",
)


def command(
    name: Annotated[
        Figure,
        typer.Argument(help="Which figure of the paper; fig3 is validation accuracy over width."),
    ],
    study: StudyArgument,
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE|FOLDER", help="A .png, .pdf or .csv file, or a folder for PNG and CSV."
        ),
    ] = Path("results"),
    amplitude: Annotated[
        float | None, typer.Option(help="Which, where the study has several.")
    ] = None,
    period: Annotated[int | None, typer.Option(help="Which, where the study has several.")] = None,
    storage: StorageOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Draw a figure of the paper from a study, and print the numbers in it.

    fig3: validation accuracy over width, a curve per loss at one amplitude and period beside the
    static loss, with standard errors of the means.
    """
    from dynstudy.figures.paper_figure import Choices, draw_figure, figure_files, write_figure

    paths = figure_files(name, study, out)
    with opened(storage) as database:
        drawn = draw_figure(database, name, study, Choices(amplitude, period))
    write_figure(drawn, paths, study)
    show_rows(drawn.rows, form)
    log_files(paths, drawn.notes)
