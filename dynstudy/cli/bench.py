"""``dynstudy bench``."""

import sys
from collections.abc import Iterable
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dynstudy.bench.words import PEERS, Device
from dynstudy.cli.every_command import whole_number
from dynstudy.cli.options import FormatOption, numbers
from dynstudy.cli.session import log, log_files
from dynstudy.errors import NEEDS_TORCH, BenchError
from dynstudy.report.words import Format

if TYPE_CHECKING:
    from dynstudy.bench.measure import Settings
    from dynstudy.bench.report import Benchmark

EXAMPLES = (
    "dynstudy bench --widths 20 --peers loop",
    "dynstudy bench --device cpu --backends cpu --format json --out bench.json",
)

WidthsOption = Annotated[str, typer.Option(metavar="N,N,...", help="Hidden units of the networks.")]
RoundsOption = Annotated[
    int, typer.Option(min=1, help="How often everything is measured, each in turn.")
]
DeviceOption = Annotated[
    Device | None,
    typer.Option(
        help="What the engine is measured on. [default: cuda where there is a card]",
        show_default=False,
    ),
]
BackendsOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME,...",
        help="Which of dynstudy's backends. [default: all that the device has]",
        show_default=False,
    ),
]
SecondsOption = Annotated[
    float, typer.Option(help="How long one competitor is measured in a round.")
]
ReportOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the result to a file as well.")
]


def command(
    widths: WidthsOption = "20,100,500",
    rounds: RoundsOption = 3,
    device: DeviceOption = None,
    backends: BackendsOption = None,
    peers: Annotated[
        str, typer.Option(metavar="NAME,...", help="What they are measured beside.")
    ] = ",".join(PEERS),
    digits: Annotated[
        bool,
        typer.Option(help="Measure networks of 32 units on the digits of scikit-learn as well."),
    ] = True,
    seconds: SecondsOption = 1.0,
    form: FormatOption = Format.table,
    out: ReportOption = None,
) -> None:
    """Measure the engine beside its peers: ratios within rounds, then speeds; minutes."""
    settings = settings_of(widths, rounds, device, backends, seconds, peers, digits)

    from dynstudy.bench import curvature, engine

    print_measured([engine.measure, curvature.measure], settings, form, out)


def settings_of(
    widths: str,
    rounds: int,
    device: Device | None,
    backends: str | None,
    seconds: float,
    peers: str = "",
    digits: bool = False,
) -> "Settings":
    """What the options of a benchmark ask for."""
    if find_spec("torch") is None:
        raise BenchError(f"a benchmark {NEEDS_TORCH}")

    from dynstudy.bench.device import chosen
    from dynstudy.bench.measure import Settings

    return Settings(
        numbers("--widths", widths, whole_number, "20,100,500"),
        rounds,
        None if backends is None else _names(backends),
        _names(peers),
        seconds,
        chosen(device),
        digits,
    )


def _names(text: str) -> tuple[str, ...]:
    """Each name of a list with commas between, once."""
    return tuple(dict.fromkeys(part for part in map(str.strip, text.split(",")) if part))


def print_measured(
    measures: "Iterable[Benchmark]", settings: "Settings", form: Format, out: Path | None
) -> None:
    """Measure, and print what came out, into a file as well where one is named."""
    from dynstudy.bench.report import print_report, report
    from dynstudy.report.safe_files import check_folder, write_whole

    if out is not None:
        check_folder(out)
    try:
        measured = report(measures, settings, log)
    except KeyboardInterrupt:
        log("interrupted; nothing was kept")
        raise typer.Exit(130) from None
    print_report(measured, form, sys.stdout)
    if out is not None:
        text = StringIO()
        print_report(measured, form, text)
        write_whole(out, lambda path: path.write_text(text.getvalue(), encoding="utf-8"))
    log_files([out] if out else [], measured.notes if form is Format.csv else ())
