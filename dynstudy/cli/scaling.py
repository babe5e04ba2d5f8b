"""``dynstudy scaling``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dynstudy.cli.options import FormatOption, StorageOption, complete_study
from dynstudy.cli.session import log_files, opened, show_rows
from dynstudy.report.words import Format

EXAMPLES = (
    "dynstudy scaling onset-dce --out results",
    "dynstudy scaling regime-dmse1 regime-dmse2 --level 0.6 --format csv",
)


def command(
    studies: Annotated[
        list[str],
        typer.Argument(
            metavar="STUDY",
            help="Names of maps over amplitude and period; those of one loss share one variable.",
            autocompletion=complete_study,
        ),
    ],
    level: Annotated[
        float, typer.Option(help="Net forgetting at which the onset is, between 0 and 1.")
    ] = 0.4,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write scaling-onsets.png, scaling-collapse.png, scaling.csv and "
            "scaling-onsets.csv to it.",
        ),
    ] = None,
    storage: StorageOption = None,
    form: FormatOption = Format.table,
) -> None:
    """How the onset of forgetting moves with period, learning rate and width, and what fits it.

    Power laws A* = factor · T^b for each loss, width and learning rate, with 95 % intervals;
    whether one exponent, and one variable A / (T^b η^c width^d), serves all of a loss; and how much
    of the forgetting in all cells one curve of that variable explains, beside curves of their own.
    docs/scaling.md has the method.
    """
    from dynstudy.analysis.onset_scaling import scaling
    from dynstudy.report.across_studies import all_rows, print_scaling, write_scaling

    with opened(storage) as database:
        laws = scaling(database, studies, level)
    written = [] if out is None else write_scaling(laws, level, out)
    if form is Format.table:
        print_scaling(laws, sys.stdout)
    else:
        show_rows(all_rows(laws), form)
    log_files(written)
