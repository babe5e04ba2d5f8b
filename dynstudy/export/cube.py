"""Rows as a cube: their numbers over the axes of a study, by the axes' values."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from dynstudy.statistics import columns

if TYPE_CHECKING:
    import xarray as xr

AXES = columns.names(columns.AXES)
NOISE = columns.NOISE.name
SPARSE, HOLES = 4, 100
"""A cube of more holes than so many to a configuration, or to a network, is none."""


def labelled_cube(
    frame: pd.DataFrame, variables: Sequence[str], along: Sequence[str] = ()
) -> "xr.Dataset":
    """Return columns over (loss, width, learning rate, A, T), nan or empty where there is no row.

    And over the noise, where that is an axis.

    Further dimensions are those of the columns `along`. A static loss has A = 1 and T = 0. Where
    that would be a cube of holes, as of a search, there is one dimension of configurations, which
    the axes are coordinates of; where networks share no seeds, one of networks.
    """
    whole = frame.fillna({"amplitude": 1.0, "period": 0})
    integers = dict.fromkeys(("width", "period", *along), "int32")
    whole = whole.astype(integers | {"loss": object})
    whole = whole.astype({name: _plain(whole[name].dtype) for name in variables})
    noisy = NOISE in whole and bool(whole[NOISE].notna().any())
    axes = [*AXES, NOISE] if noisy else AXES
    variables = [name for name in variables if name not in axes]
    if len(along) == 1 and whole[[*along]].nunique().prod() * len(whole[axes].drop_duplicates()) > (
        HOLES * len(whole)
    ):  # as the pixels of an atlas, each of a seed of its own
        listed = whole[[*axes, *along, *variables]].reset_index(drop=True)
        return listed.rename_axis("network").to_xarray()
    cells = whole[axes].drop_duplicates()
    if whole[axes].nunique().prod() <= SPARSE * len(cells):
        return whole.set_index([*axes, *along])[list(variables)].to_xarray()
    cells = cells.reset_index(drop=True)
    numbered = whole.merge(cells.reset_index(names="configuration"), on=axes)
    cube = numbered.set_index(["configuration", *along])[list(variables)].to_xarray()
    return cube.assign_coords({
        axis: ("configuration", cells[axis].to_numpy()) for axis in axes
    }).assign_coords(configuration=cube.configuration.astype("int32"))


def _plain(dtype: object) -> type:
    """What an array can hold that has holes: numbers and nan, or texts."""
    return object if dtype == "string" else float
