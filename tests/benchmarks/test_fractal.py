"""Atlases zoomed into the boundary of forgetting."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.fractal import Plane, train_planes
from dynstudy.analysis.atlas import read_atlas
from dynstudy.analysis.atlas_dimension import boundary_of
from dynstudy.analysis.boundary_point import boundary_point
from dynstudy.store.studies import Storage

PLANES = (Plane(5, (0.1, 10), zooms=1, pixels=32, steps=250),)


@pytest.mark.long
def test_each_draw_is_zoomed_into_its_own_boundary_in_both_precisions(
    storage: Storage, tmp_path: Path
) -> None:
    picture, table = train_planes(storage, PLANES, 2, tmp_path)
    assert picture.read_bytes().startswith(b"\x89PNG")
    trained = table.read_text()
    names = storage.names()
    train_planes(storage, PLANES, 2, tmp_path)  # which reads what is trained
    assert (storage.names(), table.read_text()) == (names, trained)
    frame = pd.read_csv(table)
    assert [*frame[["seed", "zoom", "dtype"]].itertuples(index=False, name=None)] == [
        (seed, zoom, dtype)
        for seed in (0, 1)
        for zoom in (0, 1)
        for dtype in ("float64", "float32")
    ]
    ends = frame.filter(regex="_(low|high)$")
    double, single = (ends[frame.dtype == name].to_numpy() for name in ("float64", "float32"))
    np.testing.assert_array_equal(double, single)
    reach = np.log(frame.amplitude_high / frame.amplitude_low).groupby(frame.zoom).unique()
    assert reach[0] == pytest.approx([np.log(1000)])
    assert reach[1] == pytest.approx(np.log(1000) / 10, rel=1e-6)
    for seed in (0, 1):
        whole = boundary_of(read_atlas(storage, f"boundary-5-0.1-10-seed-{seed}-float64"))
        point = boundary_point(whole)
        row = frame[(frame.seed == seed) & (frame.zoom == 1) & (frame.dtype == "float64")].iloc[0]
        assert row.amplitude_low < point["amplitude"] < row.amplitude_high
        first = frame[(frame.seed == seed) & (frame.zoom == 0)].iloc[0]
        assert first.pairs == whole.shares["pairs"].dimension()
        assert first.inside == whole.inside.mean()
        other = boundary_of(read_atlas(storage, f"boundary-5-0.1-10-seed-{seed}-float32"))
        assert first.unlike == (whole.inside != other.inside).mean()
