"""A map: every cell of a grid, and what it may grow to."""

import pytest

from dynstudy.store.studies import Storage
from tests.planted import SMALL, SpecMaker, plant, small_search


def test_its_cells_are_the_grid_whatever_is_trained(storage: Storage, make_spec: SpecMaker) -> None:
    spec = make_spec()
    study = storage.open_study(spec)
    grid = list(spec.grid_cells())
    assert spec.cells(study) == spec.cells_ahead() == spec.cells_so_far(study) == grid
    assert spec.planned_trials({}, len(grid)) == len(grid) == 5


def test_in_rounds_a_cell_has_what_its_trial_says_and_else_the_fewest(
    storage: Storage, make_spec: SpecMaker
) -> None:
    plant(storage, make_spec(replicates=8, name="planted"))
    spec = make_spec(replicates={"min": 6, "max": 9})
    so_far = spec.cells_so_far(storage.study("planted"))
    assert [cell.replicates for cell in so_far] == [36, 8, 8, 8, 8]
    nothing = spec.cells_so_far(storage.open_study(spec))
    assert [cell.replicates for cell in nothing] == [36, 6, 6, 6, 6]
    assert [cell.replicates for cell in spec.cells_ahead()] == [36, 9, 9, 9, 9]


@pytest.mark.parametrize(
    ("changes", "grows"),
    [
        ({"space": SMALL["space"] | {"amplitude": [3, 9, 30]}}, True),
        ({"space": SMALL["space"] | {"width": [5, 9]}}, True),
        ({"loss": ["dce", "dmse1"]}, True),
        ({}, True),
        ({"space": SMALL["space"] | {"amplitude": [3]}}, False),
        ({"space": SMALL["space"] | {"amplitude": [3, 31]}}, False),
        ({"replicates": 3}, False),
        ({"protocol": SMALL["protocol"] | {"steps": 300}}, False),
    ],
    ids=str,
)
def test_it_grows_to_more_cells_of_the_same(
    changes: dict[str, object], grows: bool, make_spec: SpecMaker
) -> None:
    assert make_spec().grows_to(make_spec(**changes)) is grows
    assert not make_spec().grows_to(small_search())


def test_in_rounds_it_does_not_grow(make_spec: SpecMaker) -> None:
    rounds = {"replicates": {"min": 6, "max": 9}}
    more = SMALL["space"] | {"width": [5, 9]}
    assert not make_spec(**rounds).grows_to(make_spec(**rounds, space=more))


def test_it_says_what_it_trains(make_spec: SpecMaker) -> None:
    assert make_spec().described().endswith("2 networks a cell and 8 of each static loss")


def test_it_grows_by_curvature_in_rounds_as_well(make_spec: SpecMaker) -> None:
    curved = {"protocol": SMALL["protocol"] | {"curvature": {}}}
    other = {"protocol": SMALL["protocol"] | {"curvature": {}, "steps": 300}}
    for replicates in (2, {"min": 6, "max": 9}):
        plain = make_spec(replicates=replicates)
        assert plain.grows_to(make_spec(replicates=replicates, **curved))
        assert not plain.grows_to(make_spec(replicates=replicates, **other))
        assert not make_spec(replicates=replicates, **curved).grows_to(plain)
