"""``dynstudy film``."""

from pathlib import Path
from typing import Annotated

import typer

from dynstudy.cli.options import StorageOption, complete_study
from dynstudy.cli.session import log_files, opened, reported

EXAMPLES = (
    "dynstudy film at",
    "dynstudy film at at-zoom-2 --show forgetting --out into.gif",
    "dynstudy film at --fps 50 --seconds 4 --out results/into.mp4",
)


def command(
    atlases: Annotated[
        list[str],
        typer.Argument(
            help="The atlases, from the widest to the nearest; or one, and those that it was "
            "zoomed from, or to, come with it.",
            autocompletion=complete_study,
        ),
    ],
    show: Annotated[
        str, typer.Option(metavar="MEASURE", help="What is seen: gain, or a measure.")
    ] = "val_accuracy",
    fps: Annotated[int, typer.Option(help="Frames a second.", min=1, max=120)] = 25,
    seconds: Annotated[
        float, typer.Option(help="From each atlas to the next.", min=0.04, max=600)
    ] = 2.0,
    enlarge: Annotated[
        int, typer.Option(help="Points to a side, of a pixel of the first atlas.", min=1, max=64)
    ] = 1,
    smooth: Annotated[
        bool,
        typer.Option("--smooth", help="Interpolate between pixels, instead of drawing squares."),
    ] = False,
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE|FOLDER",
            help="A .mp4 file, which the program ffmpeg makes, or .gif or .webp; in a folder, an "
            "MP4 where ffmpeg is there, else a GIF.",
        ),
    ] = Path("results"),
    storage: StorageOption = None,
) -> None:
    """Make a film of a sequence of zooms: from each atlas, the picture grows into the next.

    A frame has as many points as the first atlas has pixels. Each shows one network: that at this
    place in the nearer atlas where it is there, else that of the wider one; the first frame is the
    first atlas, a point a network, and the last one the last. Colours mean the same in all frames.
    """
    from dynstudy.analysis.zoom_path import read_zooms
    from dynstudy.report.film import film
    from dynstudy.report.film_file import film_file

    path = film_file(atlases[0], out, fps)
    with opened(storage) as database:
        way = read_zooms(database, list(dict.fromkeys(atlases)))
        with reported(path.name) as report:
            notes = film(
                way,
                show,
                path,
                fps=fps,
                seconds=seconds,
                enlarge=enlarge,
                smooth=smooth,
                report=report,
            )
    log_files([path], notes)
