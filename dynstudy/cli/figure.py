"""``dynstudy figure``."""

from pathlib import Path
from typing import Annotated

import typer

from dynstudy.cli.options import FormatOption, StorageOption, complete_study
from dynstudy.cli.session import log_files, opened, show_rows
from dynstudy.figures.words import Figure
from dynstudy.report.words import Format

EXAMPLES = (
    "dynstudy figure fig3 fig3a --out fig3a.pdf",
    "dynstudy figure fig3 regime-dce --amplitude 70 --period 1000",
    "dynstudy figure fig4 fig4 --format csv",
)


def command(
    name: Annotated[
        Figure,
        typer.Argument(help="Which figure of the paper; below it says what each shows."),
    ],
    studies: Annotated[
        list[str],
        typer.Argument(
            metavar="STUDY",
            help="Name of the study; fig4 takes several.",
            autocompletion=complete_study,
        ),
    ],
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

    fig4: curvature at the first onset of an instability over the learning rate, beside 2/η and with
    the finite difference, for studies that watch for onsets; how many networks had one, never had
    one within their steps (censored), were born unstable or diverged. Means are over the networks
    that had an onset.
    """
    from dynstudy.figures.paper_figure import Choices, draw_figure, figure_files, write_figure

    study, *more = dict.fromkeys(studies)
    paths = figure_files(name, study, out)
    with opened(storage) as database:
        drawn = draw_figure(database, name, study, Choices(amplitude, period, tuple(more) or None))
    write_figure(drawn, paths, study)
    show_rows(drawn.rows, form)
    log_files(paths, drawn.notes)
