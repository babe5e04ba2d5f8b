"""The cells of a study as a table of pandas that knows its axes."""

from typing import TYPE_CHECKING

import pandas as pd

from dynstudy.export.cube import AXES, labelled_cube

if TYPE_CHECKING:
    import xarray as xr


class CellTable(pd.DataFrame):  # type: ignore[misc] # pandas has no types here
    """A row per cell, as `dynstudy.results.study.Study.map` says; what is cut from it is one, too.

    >>> axes = {"loss": "dce", "width": 20, "learning_rate": 0.1, "amplitude": 30.0, "period": 100}
    >>> cells = CellTable([axes | {"gain": 0.2}])
    >>> cells[cells.period == 100].to_xarray().gain.dims
    ('loss', 'width', 'learning_rate', 'amplitude', 'period')
    """

    @property
    def _constructor(self) -> type["CellTable"]:
        return CellTable

    def to_xarray(self) -> "xr.Dataset":
        """Return its columns as arrays over loss, width, learning rate, amplitude and period.

        Static cells, which have neither amplitude nor period, are left out where there are others:
        the accuracy of a cell's static loss is its ``val_accuracy - gain``. The cells of a search,
        which would be a cube of holes, have one dimension of configurations instead, with the axes
        as coordinates.

        Raises:
            ImportError: xarray is not installed; pip install 'dynstudy[netcdf]'.
        """
        if not {*AXES} <= {*self.columns}:
            return pd.DataFrame(self).to_xarray()
        dynamical = self[self.amplitude.notna()]
        cells = dynamical if len(dynamical) else self
        return labelled_cube(pd.DataFrame(cells), [name for name in self if name not in AXES])
