"""The cells of a study as a table that knows its axes."""

import dynstudy
from dynstudy.results.cell_table import CellTable
from dynstudy.store.studies import Storage
from tests.planted import SearchMaker, SpecMaker

AXES = ["loss", "width", "learning_rate", "amplitude", "period"]


def test_an_array_has_each_cell_at_its_axes(studied: Storage) -> None:
    cells = dynstudy.open(studied)["small"].map()
    cube = cells.to_xarray()
    dynamical = cells[cells.amplitude.notna()]
    assert cube.gain.dims == tuple(AXES)
    assert cube.gain.size == len(dynamical) == 8
    for _, row in dynamical.iterrows():
        cell = cube.sel({axis: row[axis] for axis in AXES})
        for name in ("val_accuracy", "gain", "forgetting", "replicates"):
            assert float(cell[name]) == row[name]
        assert cell.regime.item() == row.regime
    # a static cell is at no amplitude, but its accuracy is in every cell
    static = cells[cells.regime == "baseline"].set_index("width").val_accuracy
    below = (cube.val_accuracy - cube.gain).sel(width=5).to_numpy()
    assert abs(below - static[5]).max() < 1e-12


def test_what_is_cut_from_cells_is_cells(studied: Storage) -> None:
    cells = dynstudy.open(studied)["small"].map()
    narrow = cells[cells.width == 5].sort_values("gain")
    assert isinstance(narrow, CellTable)
    assert narrow.to_xarray().sizes["width"] == 1
    assert list(cells[["gain"]].to_xarray().dims) == ["index"]  # it has no axes any more


def test_static_cells_alone_have_their_own_axes(storage: Storage, make_spec: SpecMaker) -> None:
    space = {"learning_rate": 1.0, "width": [5, 8]}
    dynstudy.run(make_spec(loss="ce", space=space), storage=storage)
    cube = dynstudy.open(storage)["small"].map().to_xarray()
    assert cube.val_accuracy.notnull().all()
    assert (cube.sizes["width"], cube.sizes["amplitude"]) == (2, 1)


def test_the_cells_of_a_search_are_numbered(storage: Storage, make_search: SearchMaker) -> None:
    dynstudy.run(make_search(), storage=storage)
    cells = dynstudy.open(storage)["search"].map()
    cube = cells.to_xarray()
    assert dict(cube.sizes) == {"configuration": 8}
    assert cube.amplitude.to_numpy().tolist() == cells.amplitude.tolist()
    assert cube.val_accuracy.to_numpy().tolist() == cells.val_accuracy.tolist()


def test_an_array_can_be_written(studied: Storage, tmp_path: object) -> None:
    dynstudy.open(studied)["small"].map().to_xarray().to_netcdf(
        f"{tmp_path}/map.nc", engine="scipy"
    )
