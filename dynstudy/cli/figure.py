"""``dynstudy figure``."""

from pathlib import Path
from typing import Annotated

import typer

from dynstudy.cli.options import FormatOption, StorageOption, StudyArgument
from dynstudy.cli.session import log_files, opened, show_rows
from dynstudy.report.words import Figure, Format

EXAMPLES = (
    "dynstudy figure fig3 fig3a --out fig3a.pdf",
    "dynstudy figure fig3 regime-dce --amplitude 70 --period 1000",
)
COLUMNS = "loss width learning_rate amplitude period val_accuracy sem replicates".split()


def command(
    name: Annotated[
        Figure,
        typer.Argument(help="Which figure of the paper; fig3 is validation accuracy over width."),
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
    form: FormatOption = Format.table,
) -> None:
    """Draw a figure of the paper from a study, and print the numbers in it.

    fig3: validation accuracy over width, a curve per loss at one amplitude and period beside the
    static loss, with standard errors of the means.
    """
    from dynstudy.analysis.regime_map import regime_map
    from dynstudy.report.paper_figure import figure_file, over_width, write_figure3
    from dynstudy.report.rows import frame_rows

    path = figure_file(name, study, out)
    with opened(storage) as database:
        shown = over_width(regime_map(database, study), amplitude, period)
    write_figure3(shown, path)
    rows = shown.frame.sort_values(["loss", "learning_rate", "width"])
    show_rows(frame_rows(rows[COLUMNS]), form)
    log_files([path])
