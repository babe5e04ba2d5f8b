"""``dynstudy bench``."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from dynstudy.cli.common import FormatOption, log, row_format


def bench(
    widths: Annotated[
        str, typer.Option(metavar="N,N,...", help="Hidden units of the networks.")
    ] = "20,100,500",
    rounds: Annotated[
        int, typer.Option(min=1, help="How often everything is measured, each in turn.")
    ] = 3,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="cpu|cuda",
            help="What the engine is measured on. [default: cuda where there is a card]",
            show_default=False,
        ),
    ] = None,
    backends: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            help="Which of dynstudy's backends. [default: all that the device has]",
            show_default=False,
        ),
    ] = None,
    peers: Annotated[
        str, typer.Option(metavar="NAME,...", help="What they are measured beside.")
    ] = "loop,bmm,graph,compile,jax",
    only: Annotated[
        str, typer.Option(metavar="NAME,...", help="Which measurements.")
    ] = "engine,growth,end_to_end,reading,kernel",
    seconds: Annotated[
        float, typer.Option(help="How long one competitor is measured in a round.")
    ] = 1.0,
    map_cells: Annotated[
        int, typer.Option(min=2, help="Cells of the map that is trained (end_to_end).")
    ] = 200,
    map_steps: Annotated[
        int, typer.Option(min=200, help="Steps of each of its networks (end_to_end).")
    ] = 30_000,
    read_cells: Annotated[
        int, typer.Option(min=4, help="Cells of the map that is only read (reading).")
    ] = 10_000,
    scale_steps: Annotated[
        int, typer.Option(min=10, help="Steps of a network, where they do not grow (growth).")
    ] = 1000,
    form: FormatOption = "table",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the result to a file as well.")
    ] = None,
) -> None:
    """Measure the engine beside its peers, how it scales, a map, reading a large one: minutes.

    `kernel` compiles the GPU kernel and counts its instructions, without a card.
    """
    from dynstudy.bench.device import chosen
    from dynstudy.bench.settings import Settings, names, whole_numbers
    from dynstudy.errors import BenchError

    shape = row_format(form)
    settings = Settings(
        whole_numbers("--widths", widths),
        rounds,
        None if backends is None else names(backends),
        names(peers),
        names(only),
        seconds,
        map_cells,
        map_steps,
        read_cells,
        scale_steps,
        chosen(device),
    )
    if out is not None and (out.is_dir() or not os.access(out.parent, os.W_OK)):
        raise BenchError(f"--out {out}: cannot be written there; name a file in a folder of yours")

    from dynstudy.bench.printing import print_report
    from dynstudy.bench.suite import bench as measure
    from dynstudy.report.rows import Format

    try:
        report = measure(settings, log)
    except KeyboardInterrupt:
        log("interrupted; nothing was kept")
        raise typer.Exit(130) from None
    print_report(report, shape, sys.stdout)
    if shape is Format.csv:
        for note in report.notes:
            log(f"note: {note}")
    if out is not None:
        sys.stdout.flush()
        with out.open("w", encoding="utf-8") as file:
            print_report(report, shape, file)
        log(f"wrote {out}")
