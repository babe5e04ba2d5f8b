"""``dynstudy power``."""

from dataclasses import asdict
from typing import Annotated

import typer

from dynstudy.cli.every_command import whole_number
from dynstudy.cli.options import FormatOption, numbers
from dynstudy.cli.session import log, show_rows
from dynstudy.report.words import Format
from dynstudy.statistics.spreads import SpreadName

EXAMPLES = (
    "dynstudy power --replicates 10,20 --gain 0.05,0.1",
    "dynstudy power --replicates 50 --min 6 --gain 0.1",
    "dynstudy power --replicates 10 --gain 0 --spread cells --maps 1000 --format json",
)
BIMODAL = SpreadName("bimodal")


def command(
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
        SpreadName,
        typer.Option(
            help="How outcomes scatter: in two modes, in one, in two in cells alone or in the "
            "static loss alone, or in a second mode that the static loss never reaches."
        ),
    ] = BIMODAL,
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
    form: FormatOption = Format.table,
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
    from dynstudy.statistics.power import CELLS, calibrate, check

    counts = numbers("--replicates", replicates, whole_number, "10,20")
    gains = numbers("--gain", gain, float, "0.05,0.1")
    for each in gains:
        for count in counts:
            check(spread, count, each, fewest)  # before anything is simulated
    log(f"simulating {maps} maps of {CELLS} cells for each of {len(counts) * len(gains)} rows")
    rows = [
        asdict(calibrate(spread, count, each, maps, seed, fewest=fewest))
        for count in counts
        for each in gains
    ]
    show_rows(rows, form)
