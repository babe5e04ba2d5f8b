"""``dynstudy compare``."""

from pathlib import Path
from typing import Annotated

import typer

from dynstudy.cli.options import FormatOption, StorageOption, complete_study
from dynstudy.cli.session import log_files, opened, show_rows
from dynstudy.errors import DynstudyError
from dynstudy.report.words import Format

EXAMPLES = (
    "dynstudy compare regime-dmse1 regime-dmse2 --out results",
    "dynstudy compare fig3b --cells --format csv",
    "dynstudy compare quickstart narrow --differences",
)
BESIDE_GAINS = "val_accuracy", "sem", "regime", "forgets", "against"


def command(
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
    differences: Annotated[
        bool,
        typer.Option(
            "--differences",
            help="Print, of two studies of any losses, where their files differ, what they share, "
            "their largest gains, and the accuracies that differ most.",
        ),
    ] = False,
    top: Annotated[int, typer.Option(help="How many accuracies --differences prints.", min=0)] = 10,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Write compare.png, compare.csv and compare-cells.csv to it."
        ),
    ] = None,
    storage: StorageOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Losses, widths and protocols side by side: what is useful, and gains at matched cells.

    Cells match where width, learning rate, amplitude and period are equal. Differences are of mean
    gains over matched cells, to the first loss of the first study that has them; networks that two
    sides share take no part in them.
    """
    from dynstudy.analysis.comparison import side_by_side
    from dynstudy.analysis.study_differences import study_differences
    from dynstudy.report.across_studies import short_comparison, write_comparison

    if differences:
        if len(studies) != 2 or cells or out is not None:
            raise DynstudyError("--differences is of two studies, without --cells or --out")
        with opened(storage) as database:
            rows = [*study_differences(database, studies[0], studies[1], top)]
        show_rows(rows, form, last=("part", "a_sem", "b_sem"))
        return
    with opened(storage) as database:
        compared = side_by_side(database, studies)
    written = [] if out is None else write_comparison(compared, out)
    if cells:
        show_rows(compared.cells, form, last=BESIDE_GAINS)
    else:
        short = form is Format.table
        show_rows(short_comparison(compared) if short else compared.summary, form)
    log_files(written, compared.notes)
