"""The command that tells how the onset of forgetting moves."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dynstudy.cli.common import (
    FormatOption,
    StorageOption,
    complete_study,
    log,
    opened,
    row_format,
)


def scaling(
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
    form: FormatOption = "table",
) -> None:
    """How the onset of forgetting moves with period, learning rate and width, and what fits it.

    Power laws A* = factor · T^b for each loss, width and learning rate, with 95 % intervals;
    whether one exponent, and one variable A / (T^b η^c width^d), serves all of a loss; and how much
    of the forgetting in all cells one curve of that variable explains, beside curves of their own.
    docs/scaling.md has the method.
    """
    from dynstudy.analysis.onset_scaling import scaling as found_of
    from dynstudy.report.onset_scaling_files import all_rows, print_scaling, write_scaling
    from dynstudy.report.rows import Format, print_rows

    shape = row_format(form)
    with opened(storage) as opened_storage:
        found = found_of(opened_storage, studies, level)
    written = [] if out is None else write_scaling(found, level, out)
    if shape is Format.table:
        print_scaling(found, sys.stdout)
    else:
        print_rows(all_rows(found), shape, sys.stdout)
    sys.stdout.flush()  # the table first, where both go to one terminal
    for path in written:
        log(f"wrote {path}")
