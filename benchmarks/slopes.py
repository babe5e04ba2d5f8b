"""How the useful band lies in (log A, log T): its slope over widths and learning rates.

Each atlas is the shipped one but for its pixels, width and learning rate; a draw for each pixel.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.launching import run_to_end
from dynstudy.analysis.atlas import read_atlas
from dynstudy.analysis.atlas_edges import find_edges
from dynstudy.analysis.atlas_slope import band_slope
from dynstudy.cli.options import StorageOption
from dynstudy.cli.session import log, log_files
from dynstudy.report.safe_files import check_folder, write_rows
from dynstudy.store.database import storage_url
from dynstudy.store.studies import Storage
from dynstudy.study.shipped import shipped_file
from dynstudy.study.study_file import load_spec

NETWORKS = ((5, 1.0), (10, 1.0), (20, 1.0), (50, 1.0), (20, 0.3), (20, 3.0))
"""Widths and learning rates."""


@dataclass(frozen=True)
class Slope:
    """What came out of one atlas; nan where its band has no line."""

    study: str
    width: int
    learning_rate: float
    pixels: int  # to either side
    useful: float  # share of the pixels whose smoothed gain is above 0.02
    surely: float  # whose band is
    slope: float
    slope_low: float
    slope_high: float  # of 95 %
    rows: int  # of pixels that the line is fitted to


def slopes(
    storage: Storage, networks: Iterable[tuple[int, float]], pixels: int, overrides: Iterable[str]
) -> Iterator[Slope]:
    """Train an atlas for each width and learning rate, or read what is trained."""
    for width, rate in networks:
        name = f"band-{width}-{rate:g}"
        changes = [f"name={name}", f"space.width={width}", f"space.learning_rate={rate}"]
        changes += [f"pixels=[{pixels}, {pixels}]", *overrides]
        spec = load_spec(shipped_file("atlas.toml"), changes)
        log(f"{name}: {spec.described()}")
        run_to_end(spec, storage=storage, backend="cpu", log=log)
        edges = find_edges(read_atlas(storage, name))
        assert edges is not None
        useful, surely = edges.gain.share
        line = band_slope(edges)
        numbers = (line.slope, line.low, line.high) if line else (float("nan"),) * 3
        many = line.rows if line else 0
        yield Slope(name, width, rate, pixels, useful, surely, *numbers, many)


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    pixels: Annotated[int, typer.Option(min=16, help="To either side.")] = 96,
    out: Annotated[Path, typer.Option(metavar="FILE", help="CSV file: a row per atlas.")] = Path(
        "docs/atlas/slopes.csv"
    ),
    storage: StorageOption = None,
) -> None:
    """Slope of the useful band of the shipped atlas over widths and learning rates; resumed.

    With the defaults six atlases of 9216 networks and their static losses, 5000 steps each: about a
    quarter of an hour of two processors.
    """
    check_folder(out)
    database = Storage(storage_url(storage), create=True)
    rows = [asdict(slope) for slope in slopes(database, NETWORKS, pixels, ())]
    write_rows(rows, out)
    log_files([out])
