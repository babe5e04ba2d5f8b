"""Rows as a cube."""

import pandas as pd

from dynstudy.export.cube import labelled_cube

AXES = ["loss", "width", "learning_rate", "amplitude", "period"]


def rows(*cells: tuple[str, int, float | None, int | None], seeds: int = 1) -> pd.DataFrame:
    frame = pd.DataFrame(
        [
            (loss, width, 0.1, amplitude, period, seed, 0.5 + 0.01 * seed, "useful")
            for loss, width, amplitude, period in cells
            for seed in range(seeds)
        ],
        columns=[*AXES, "seed", "accuracy", "regime"],
    )
    return frame.astype({"amplitude": float, "period": "Int64", "regime": "string"})


def test_a_grid_is_a_cube_with_each_row_at_its_values() -> None:
    cells = [("dce", width, a, t) for width in (5, 8) for a in (3.0, 30.0) for t in (10, 20)]
    frame = rows(*cells, ("ce", 5, None, None), seeds=2)
    cube = labelled_cube(frame, ["accuracy", "regime"], ["seed"])
    assert cube.accuracy.dims == (*AXES, "seed")
    cell = cube.sel(loss="dce", width=8, learning_rate=0.1, amplitude=30, period=10)
    assert cell.accuracy.to_numpy().tolist() == [0.5, 0.51]
    assert cell.regime.to_numpy().tolist() == ["useful", "useful"]
    static = cube.sel(loss="ce", width=5, amplitude=1, period=0, seed=1)
    assert static.accuracy.item() == 0.51
    assert int(cube.accuracy.notnull().sum()) == len(frame)


def test_a_cube_of_holes_is_a_list_of_configurations() -> None:
    cells = [("dce", n, 2.0 + n, 10 + n) for n in range(6)]
    cube = labelled_cube(rows(*cells, seeds=2), ["accuracy"], ["seed"])
    assert dict(cube.sizes) == {"configuration": 6, "seed": 2}
    assert cube.amplitude.to_numpy().tolist() == [2.0 + n for n in range(6)]
    assert cube.loss.to_numpy().tolist() == ["dce"] * 6


def test_noise_is_a_dimension_where_it_is_an_axis_and_none_where_it_is_not() -> None:
    cells = [("dce", 5, a, 10) for a in (3.0, 30.0)]
    parts = [rows(*cells).assign(noise=noise, accuracy=noise) for noise in (0.1, 0.4)]
    cube = labelled_cube(pd.concat(parts), ["accuracy", "noise"])
    assert cube.accuracy.dims == (*AXES, "noise")
    for noise in (0.1, 0.4):
        assert (cube.accuracy.sel(noise=noise) == noise).all()
    plain = labelled_cube(rows(*cells).assign(noise=float("nan")), ["accuracy"])
    assert plain.accuracy.dims == tuple(AXES)
