"""``dynstudy replay``."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from dynstudy.cli.common import (
    FormatOption,
    StorageOption,
    StudyArgument,
    log,
    opened,
    row_format,
)


def replay(
    study: StudyArgument,
    cells: Annotated[
        int | None,
        typer.Option(
            min=3,
            help="How many cells are trained, of each loss and learning rate. "
            "[default: a quarter of the map's]",
            show_default=False,
        ),
    ] = None,
    batch: Annotated[int, typer.Option(min=2, help="How many are chosen together.")] = 12,
    seeds: Annotated[int, typer.Option(min=1, help="Boundary studies of each kind.")] = 20,
    resamples: Annotated[
        int, typer.Option(min=20, help="Of the map's replicates, to find its stable labels.")
    ] = 200,
    storage: StorageOption = None,
    form: FormatOption = "table",
) -> None:
    """How few cells of a finished map a boundary study would have needed; nothing is trained.

    Boundary studies choose some cells of the map, read them from the ledger and predict the others.
    Their labels (the regime, and whether a cell forgets) are compared with the map's, at the cells
    whose label is the same in 95 % of resamples of the replicates. Beside them: as many cells that
    fill the space, and as many at random.
    """
    from benchmarks.boundary_replay import replay as replayed
    from dynstudy.report.rows import print_rows

    shape = row_format(form)
    with opened(storage) as found:
        rows = replayed(
            found, study, count=cells, batch=batch, seeds=seeds, resamples=resamples, log=log
        )
    print_rows([asdict(row) for row in rows], shape, sys.stdout)
