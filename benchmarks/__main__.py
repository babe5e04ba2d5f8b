"""``python -m benchmarks``: some measurements or all, or one of the simulations by its name."""

import sys
from importlib import import_module
from typing import Annotated

import typer

from benchmarks import MEASUREMENTS, bifurcations, boundary_replay, fractal, slopes
from dynstudy.cli import run_app
from dynstudy.cli.bench import (
    BackendsOption,
    DeviceOption,
    ReportOption,
    RoundsOption,
    SecondsOption,
    WidthsOption,
    print_measured,
    settings_of,
)
from dynstudy.cli.options import FormatOption
from dynstudy.errors import BenchError, nearest
from dynstudy.report.words import Format

ALONE = {
    "boundary_replay": boundary_replay.app,
    "bifurcations": bifurcations.app,
    "fractal": fractal.app,
    "slopes": slopes.app,
}
"""What has options of its own, and is run by its name alone."""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME", help=f"{', '.join(MEASUREMENTS)}; all of them if none is named."
        ),
    ] = None,
    widths: WidthsOption = "20,100,500",
    rounds: RoundsOption = 3,
    device: DeviceOption = None,
    backends: BackendsOption = None,
    seconds: SecondsOption = 1.0,
    form: FormatOption = Format.table,
    out: ReportOption = None,
) -> None:
    """Measure how time grows, a map end to end, recording, the driver, reading, the GPU kernel.

    `python -m benchmarks boundary_replay STUDY` reads a finished map instead, `bifurcations` trains
    networks to see them double, `fractal` and `slopes` train atlases; see their --help.

    Raises:
        BenchError: a name is of nothing here.
    """
    for name in names or ():
        if name not in MEASUREMENTS:
            available = (*MEASUREMENTS, *ALONE)
            raise BenchError(
                f"{name!r} is not one of {', '.join(available)}{nearest(name, available)}"
            )
    settings = settings_of(widths, rounds, device, backends, seconds)
    measures = [import_module(f"benchmarks.{name}").measure for name in names or MEASUREMENTS]
    print_measured(measures, settings, form, out)


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in ALONE:
        run_app(ALONE[sys.argv.pop(1)])
    run_app(app)
