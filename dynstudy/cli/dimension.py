"""``dynstudy dimension``."""

from typing import Annotated

import typer

from dynstudy.cli.options import FormatOption, StorageOption, complete_study
from dynstudy.cli.session import log, opened, show_rows
from dynstudy.report.words import Format

EXAMPLES = (
    "dynstudy dimension at",
    "dynstudy dimension at at-zoom-1 at-zoom-2 --of gain --format csv",
)


def command(
    atlases: Annotated[
        list[str],
        typer.Argument(
            metavar="ATLAS",
            help="Atlases of one draw each. Those that differ in their draw alone are one row; so "
            "are zooms that reach equally far, each about a place of its own.",
            autocompletion=complete_study,
        ),
    ],
    of: Annotated[
        str,
        typer.Option(
            metavar="SET",
            help="Whose boundary: forgetting, networks that forget more than 0.4; or gain, those "
            "that are more accurate than the static loss.",
        ),
    ] = "forgetting",
    storage: StorageOption = None,
    form: FormatOption = Format.table,
) -> None:
    """The dimension of a boundary in atlases of one draw: 1 where it is smooth, more for a fractal.

    By pairs, from the share of neighbours at distance s that are on different sides, which grows as
    s^(2 - D); and by boxes, from the share of boxes of side s that meet it, where D comes out too
    small if the boundary is finer than the pixels. With several draws, their mean and its 95 %
    interval. Of two atlases that differ in precision alone it says in how many pixels they differ.
    """
    from dynstudy.analysis.atlas import read_atlas
    from dynstudy.analysis.atlas_dimension import boundary_of, dimension_rows, unlike_in_precision

    with opened(storage) as database:
        boundaries = [boundary_of(read_atlas(database, name), of) for name in atlases]
    show_rows(dimension_rows(boundaries), form, last=("studies", "pixels"))
    for pair in unlike_in_precision(boundaries):
        log(
            f"note: {pair['study']} and {pair['beside']} differ in {pair['unlike']:.2%} of pixels; "
            f"if they had nothing in common, in {pair['unrelated']:.2%}"
        )
