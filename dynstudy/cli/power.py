"""``dynstudy power``."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, TypeVar

import typer

from dynstudy.cli.common import FormatOption, log, one_of, row_format

N = TypeVar("N", int, float)
SPREADS = ("bimodal", "narrow", "cells", "static", "rare")
"""Those of `dynstudy.statistics.power`, which is slow to import."""


def power(
    replicates: Annotated[
        str,
        typer.Option(metavar="N,N,...", help="Replicates of a cell; a baseline has four times."),
    ] = "6,10,20,50",
    gain: Annotated[
        str,
        typer.Option(
            metavar="GAIN,...",
            help="True gains in accuracy of the cells that have one; 0 for maps on which nothing "
            "happens.",
        ),
    ] = "0.02,0.05,0.1,0.2",
    spread: Annotated[
        str,
        typer.Option(
            metavar="|".join(SPREADS),
            help="How outcomes scatter: in two modes, in one, in two in cells alone or in the "
            "static loss alone, or in a second mode that the static loss never reaches.",
            autocompletion=one_of(*SPREADS),
        ),
    ] = "bimodal",
    fewest: Annotated[
        int | None,
        typer.Option(
            "--min",
            metavar="N",
            help="Add replicates in rounds from so many, where a cell is not settled.",
        ),
    ] = None,
    maps: Annotated[int, typer.Option(min=2, help="Simulated maps behind each row.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Of the simulated outcomes.")] = 0,
    form: FormatOption = "table",
) -> None:
    """How many replicates a map needs: what its tests find of gains that are known, simulated.

    Half of the 24 cells of each simulated map gain nothing, a quarter gains and a quarter loses
    (with `--spread rare`, half gains). A row says which share of the gains is found (power), which
    share of the cells called useful or harmful is so wrongly (false discoveries), which share of
    the cells whose gain is ±0.02 or more is called neutral, which share of the 95 % intervals holds
    the true gain, and how many networks a cell took; each with its standard error over maps. With
    `--min`, cells have that many replicates at first, and those of `--replicates` only where they
    are not settled before. Nothing is trained, and no storage is needed.
    """
    from dynstudy.report.rows import print_rows
    from dynstudy.statistics.power import CELLS, calibrate, check

    shape = row_format(form)
    counts = _numbers("--replicates", replicates, int, "whole numbers", "10,20")
    gains = _numbers("--gain", gain, float, "numbers", "0.05,0.1")
    for each in gains:
        for count in counts:
            check(spread, count, each, fewest)  # before anything is simulated
    log(f"simulating {maps} maps of {CELLS} cells for each of {len(counts) * len(gains)} rows")
    rows = [
        asdict(calibrate(spread, count, each, maps, seed, fewest=fewest))
        for count in counts
        for each in gains
    ]
    print_rows(rows, shape, sys.stdout)


def _numbers(option: str, text: str, read: Callable[[str], N], what: str, example: str) -> list[N]:
    """Read numbers with commas between, each once."""
    try:
        return list(dict.fromkeys(read(part) for part in text.split(",")))
    except ValueError:
        raise typer.BadParameter(
            f"{option} {text!r}: must be {what} with commas between, as in {example}"
        ) from None
