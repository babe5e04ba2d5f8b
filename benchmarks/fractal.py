"""Is the boundary of catastrophic forgetting a fractal? Atlases of one draw, zoomed into it.

Of each width and draw there is an atlas of amplitude and learning rate, and zooms of it, each about
the point at which the boundary of the one before comes nearest its middle. All are trained in
float64 and in float32 at the same places: the points are float64's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from matplotlib.figure import Figure

import dynstudy
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
    """What all atlases share."""

    pixels: int = 128  # to either side
    steps: int = 500
    period: int = 50
    zooms: int = 4
    factor: float = 10.0  # from one to the next, of the logarithms' reach

    def spec(self, width: int, seed: int, dtype: str) -> AtlasSpec:
        """The atlas that is zoomed into."""
        return AtlasSpec.model_validate({
            "name": f"boundary-{width}-{seed}-{dtype}",
            "kind": "atlas",
            "loss": "dce",
            "pixels": [self.pixels, self.pixels],
            "seed": seed,
            "protocol": {"steps": self.steps, "tail": "none", "dtype": dtype},
            "space": {
                "amplitude": {"low": 1, "high": 1000, "log": True},
                "learning_rate": {"low": 0.1, "high": 10, "log": True},
                "period": self.period,
                "width": width,
            },
        })


def zoomed(storage: Storage, plane: Plane, width: int, seed: int) -> Iterator[list[PixelBoundary]]:
    """Train a draw's atlas and its zooms, or read what is trained.

    Yields:
        The boundaries of each in the order of `DTYPES`, from the widest to the nearest.
    """
    specs = [plane.spec(width, seed, dtype) for dtype in DTYPES]
    stems = [spec.name for spec in specs]
    for level in range(plane.zooms + 1):
        for spec in specs:
            log(f"{spec.name}: {spec.described()}")
            dynstudy.run(spec, storage=storage, backend="cpu", log=log)
        boundaries = [boundary_of(read_atlas(storage, spec.name)) for spec in specs]
        yield boundaries
        if level < plane.zooms:
            ends = nearer(specs[0], boundary_point(boundaries[0]), plane.factor)
            names = [f"{stem}-zoom-{level + 1}" for stem in stems]
            specs = [part(spec, ends, name) for spec, name in zip(specs, names, strict=True)]


def rows_of(boundaries: list[PixelBoundary], zoom: int) -> Iterator[dict[str, Any]]:
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
            "width": spec.widest,
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
    widths: Annotated[list[int], typer.Option("--width", help="Of the networks; of several.")] = [  # noqa: B006
        10,
        20,
    ],
    draws: Annotated[int, typer.Option(min=1, help="Seeds, from 0, of each width.")] = 4,
    zooms: Annotated[int, typer.Option(min=0, help="Of each draw, each of the one before.")] = 4,
    pixels: Annotated[int, typer.Option(min=32, help="To either side.")] = 128,
    steps: Annotated[int, typer.Option(min=1, help="Of each network.")] = 500,
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="For a CSV file and the pictures.")
    ] = Path("docs/atlas"),
    storage: StorageOption = None,
) -> None:
    """Train atlases about the boundary of forgetting, in float32 and float64; resumed by itself.

    DCE, T = 50, amplitudes from 1 to 1000 and learning rates from 0.1 to 10; with the defaults 80
    atlases of 16 384 networks, about an hour of two processors.
    """
    plane = Plane(pixels=pixels, steps=steps, zooms=zooms)
    check_folder(out / "boundary.csv")
    database = Storage(storage_url(storage), create=True)
    rows = []
    for seed in range(draws):
        for width in widths:
            names = []
            for zoom, boundaries in enumerate(zoomed(database, plane, width, seed)):
                rows += rows_of(boundaries, zoom)
                names.append(boundaries[0].spec.name)
            if seed == 0:
                picture = out / f"boundary-{width}.png"
                save(zooms_figure(database, names), picture, names[0])
                log_files([picture])
    write_rows(pd.DataFrame(rows).to_dict("records"), out / "boundary.csv")
    log_files([out / "boundary.csv"])
