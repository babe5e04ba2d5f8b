"""Is the boundary of catastrophic forgetting a fractal? Atlases of one draw, zoomed into it.

Of each width, decade of learning rates and draw there is an atlas of amplitude and learning rate,
and zooms of it, each about the point at which the boundary of the one before comes nearest its
middle. All are trained in float64 and in float32 at the same places: the points are float64's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from matplotlib.figure import Figure

from benchmarks.launching import run_to_end
from dynstudy.analysis.atlas import read_atlas
from dynstudy.analysis.atlas_dimension import PixelBoundary, boundary_of, unlike_in_precision
from dynstudy.analysis.boundary_point import boundary_point
from dynstudy.cli.options import StorageOption
from dynstudy.cli.session import log, log_files
from dynstudy.pictures.style import plainly, save
from dynstudy.report.safe_files import check_folder, write_rows
from dynstudy.store.database import storage_url
from dynstudy.store.studies import Storage
from dynstudy.study.kinds.atlas import AtlasSpec
from dynstudy.study.zooms import nearer, part

DTYPES = "float64", "float32"
"""The first says where the boundary is."""


@dataclass(frozen=True)
class Plane:
    """Amplitudes from 1 to 1000 and some learning rates, and how far it is zoomed into."""

    width: int
    rates: tuple[float, float]  # the least and the most
    zooms: int
    pixels: int = 96  # to either side
    steps: int = 500
    period: int = 50
    factor: float = 10.0  # from a zoom to the next, of the logarithms' reach

    def spec(self, seed: int, dtype: str) -> AtlasSpec:
        """The atlas that is zoomed into."""
        low, high = self.rates
        return AtlasSpec.model_validate({
            "name": f"boundary-{self.width}-{low:g}-{high:g}-seed-{seed}-{dtype}",
            "kind": "atlas",
            "loss": "dce",
            "pixels": [self.pixels, self.pixels],
            "seed": seed,
            "protocol": {"steps": self.steps, "tail": "none", "dtype": dtype},
            "space": {
                "amplitude": {"low": 1, "high": 1000, "log": True},
                "learning_rate": {"low": low, "high": high, "log": True},
                "period": self.period,
                "width": self.width,
            },
        })


PLANES = Plane(20, (1, 10), zooms=4), Plane(10, (1, 10), zooms=4), Plane(20, (0.1, 1), zooms=2)


def zoomed(storage: Storage, plane: Plane, seed: int) -> Iterator[list[PixelBoundary]]:
    """Train a draw's atlas and its zooms, or read what is trained.

    Yields:
        The boundaries of each in the order of `DTYPES`, from the widest to the nearest, or to the
        first that has none.
    """
    specs = [plane.spec(seed, dtype) for dtype in DTYPES]
    stems = [spec.name for spec in specs]
    for level in range(plane.zooms + 1):
        for spec in specs:
            run_to_end(spec, storage=storage, backend="cpu", log=log)
        boundaries = [boundary_of(read_atlas(storage, spec.name)) for spec in specs]
        yield boundaries
        whole = boundaries[0].inside
        if whole.all() or not whole.any():  # what was between two pixels was finer than these
            return
        if level < plane.zooms:
            ends = nearer(specs[0], boundary_point(boundaries[0]), plane.factor)
            names = [f"{stem}-zoom-{level + 1}" for stem in stems]
            specs = [part(spec, ends, name) for spec, name in zip(specs, names, strict=True)]


def precision_rows(
    boundaries: list[PixelBoundary], plane: Plane, zoom: int
) -> Iterator[dict[str, Any]]:
    """Yield a row for each precision: where the atlas is, and how many neighbours are unlike."""
    (precision,) = unlike_in_precision(boundaries)
    for boundary in boundaries:
        spec = boundary.spec
        ends = {
            f"{axis.name}_{end}": getattr(axis.range, end)
            for axis in spec.axes
            for end in ("low", "high")
        }
        shares = {
            f"{method}_{distance}": share
            for method, of in boundary.shares.items()
            for distance, share in zip(of.distances.tolist(), of.unlike.tolist(), strict=True)
        }
        dimensions = {method: of.dimension() for method, of in boundary.shares.items()}
        yield {
            "width": plane.width,
            "rates": "{:g} to {:g}".format(*plane.rates),
            "seed": int(spec.seed),
            "dtype": spec.protocol.dtype,
            "zoom": zoom,
            "pixels": spec.pixels[0],
            **ends,
            "inside": float(boundary.inside.mean()),
            **dimensions,
            "unlike": precision["unlike"],
            "unrelated": precision["unrelated"],
            **shares,
        }


@plainly
def zooms_figure(storage: Storage, names: list[str]) -> Figure:
    """Forgetting in an atlas and its zooms, side by side, from the widest to the nearest."""
    figure = Figure(figsize=(2.6 * len(names), 3.1), layout="constrained")
    axes = figure.subplots(1, len(names))
    for axis, name in zip(axes, names, strict=True):
        atlas = read_atlas(storage, name)
        image = axis.imshow(atlas.of("forgetting"), origin="lower", vmin=0, vmax=1, cmap="magma")
        x, y = atlas.right.range, atlas.upwards.range
        axis.set_title(
            f"A {x.low:.8g} to\n{x.high:.8g}\nη {y.low:.8g} to\n{y.high:.8g}", fontsize=7
        )
        axis.set_xticks([])
        axis.set_yticks([])
    axes[0].set_xlabel("A →")
    axes[0].set_ylabel("η →")
    figure.colorbar(image, ax=axes, label="forgetting", shrink=0.8)
    return figure


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    draws: Annotated[int, typer.Option(min=1, help="Seeds, from 0, of each plane.")] = 3,
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="For a CSV file and the pictures.")
    ] = Path("docs/atlas"),
    storage: StorageOption = None,
) -> None:
    """Train atlases about the boundary of forgetting, in float32 and float64; resumed by itself.

    DCE, T = 50, 500 steps, widths 10 and 20: 78 atlases of 9216 networks with the defaults, half an
    hour of two processors.
    """
    check_folder(out / "boundary.csv")
    database = Storage(storage_url(storage), create=True)
    written = train_planes(database, PLANES, draws, out)
    log_files(written)


def train_planes(storage: Storage, planes: Iterable[Plane], draws: int, out: Path) -> list[Path]:
    """Write a row for each atlas, and a picture of the first draw of each plane."""
    rows: list[dict[str, Any]] = []
    pictures = []
    for seed in range(draws):
        for number, plane in enumerate(planes, 1):
            names = []
            for zoom, boundaries in enumerate(zoomed(storage, plane, seed)):
                rows += precision_rows(boundaries, plane, zoom)
                names.append(boundaries[0].spec.name)
            if seed == 0:
                picture = out / f"boundary-{number}.png"
                pictures.append(save(zooms_figure(storage, names), picture, names[0]))
    return [*pictures, write_rows(pd.DataFrame(rows), out / "boundary.csv")]
