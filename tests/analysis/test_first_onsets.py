"""Curvature at first onsets, from ledgers with chosen ones."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import update

from dynstudy.analysis.first_onsets import COUNTS, first_onsets
from dynstudy.errors import DynstudyError
from dynstudy.store.studies import Storage
from dynstudy.store.tables import SeriesRow
from tests.analysis.planted_instabilities import NEVER, instabilities_map, onset, plant_onsets
from tests.planted import small_map

SPACE = {"learning_rate": [0.5, 2.0], "amplitude": [3, 30], "period": 10, "width": 5}
SPEC = instabilities_map(replicates=6, space=SPACE)


def row(frame: pd.DataFrame, rate: float, amplitude: float) -> pd.Series:
    (index,) = frame[(frame.learning_rate == rate) & (frame.amplitude == amplitude)].index
    return frame.loc[index]


def test_means_are_over_the_networks_that_had_an_onset_and_were_born_stable(
    storage: Storage,
) -> None:
    stable = [onset(20, 3.0, 3.4, 4.0), onset(40, 3.6, 4.0, 4.2), onset(60, 3.5, 3.9, 4.1)]
    others = [NEVER, onset(3, 90.0, 90.0, 90.0) | {"start": 1.0}, NEVER | {"diverged_at": 5}]
    plant_onsets(storage, SPEC, {(0.5, 3): stable + others})
    read = first_onsets(storage, ["small"])
    cell = row(read.frame, 0.5, 3)
    assert [cell[name] for name in ("networks", *COUNTS)] == [6, 3, 1, 1, 1]
    means = np.array([3.2, 3.8, 3.7])
    assert cell.curvature == pytest.approx(means.mean())
    assert cell.curvature_sem == pytest.approx(means.std(ddof=1) / np.sqrt(3))
    assert cell.curvature_edge == pytest.approx(means.mean() / 4)  # 2/η = 4
    assert cell.curvature_edge_sem == pytest.approx(means.std(ddof=1) / np.sqrt(3) / 4)
    assert cell.finite_difference == pytest.approx(4.1)
    assert cell.finite_difference_edge == pytest.approx(4.1 / 4)
    assert cell.first_onset == pytest.approx(40)
    assert "of 6 networks 3 with onset, 1 censored, 1 born unstable, 1 diverged" in read.notes
    assert "conditional on an onset" in read.notes[0]


@pytest.mark.parametrize(
    ("network", "counts_as"),
    [
        (onset(20, 3.0, 3.4), "with_onset"),
        (onset(20, 3.0, 3.4) | {"diverged_at": 90}, "with_onset"),
        (onset(20, np.nan, np.nan) | {"diverged_at": 21}, "diverged"),
        (onset(20, 3.0, np.nan), "diverged"),
        (onset(20, 3.0, 3.4) | {"start": 1.2}, "born_unstable"),
        (NEVER | {"start": 1.2}, "born_unstable"),
        (NEVER | {"start": 1.2, "diverged_at": 4}, "born_unstable"),
        (NEVER | {"start": 0.99}, "censored"),
        (NEVER | {"start": None}, "censored"),
        (NEVER | {"diverged_at": 4}, "diverged"),
    ],
)
def test_each_network_counts_as_one_thing(
    network: dict[str, object], counts_as: str, storage: Storage
) -> None:
    plant_onsets(storage, SPEC, {(2.0, 30): [network, onset(7, 1.0, 1.0)]})
    cell = row(first_onsets(storage, ["small"]).frame, 2.0, 30)
    counted = {name: int(cell[name]) for name in COUNTS}
    counted["with_onset"] -= 1  # the second network
    assert counted == {name: int(name == counts_as) for name in COUNTS}


def test_a_cell_without_an_onset_is_there_without_a_mean(storage: Storage) -> None:
    plant_onsets(storage, SPEC, {(0.5, 3): [NEVER] * 6, (2.0, 3): [onset(9, 1.0, 1.0)]})
    read = first_onsets(storage, ["small"])
    none, one = row(read.frame, 0.5, 3), row(read.frame, 2.0, 3)
    assert (none.censored, none.networks) == (6, 6)
    assert none[["curvature", "curvature_sem", "first_onset"]].isna().all()
    assert one.curvature == 1
    assert np.isnan(one.curvature_sem)  # of one network there is none
    assert np.isnan(one.finite_difference)
    assert len(read.frame) == 2  # cells without networks are left out
    assert "65 of 72 networks are not trained yet" in read.notes  # 24 of each static loss


def test_what_an_older_version_did_not_read_is_absent(storage: Storage) -> None:
    plant_onsets(storage, SPEC, {(0.5, 3): [onset(9, 1.0, 2.0, 3.0) | {"start": None}]})
    with storage.engine.begin() as connection:  # as the first version of the series was
        older = "[[9],[null],[1],[0],[1.0],[2.0]]"
        connection.execute(
            update(SeriesRow).where(SeriesRow.name == "onsets").values(readings=older)
        )
    read = first_onsets(storage, ["small"])
    cell = row(read.frame, 0.5, 3)
    assert cell.curvature == 1.5
    assert np.isnan(cell.finite_difference)
    assert "of 1 networks it was not read whether they were born unstable" in " ".join(read.notes)


def test_cells_of_several_studies_stand_together(storage: Storage) -> None:
    for name, rate in (("slow", 0.5), ("fast", 2.0)):
        spec = instabilities_map(name=name, space=SPACE | {"learning_rate": rate})
        plant_onsets(storage, spec, {(rate, 30): [onset(9, rate, rate)]})
    read = first_onsets(storage, ["fast", "slow", "fast"])
    assert read.studies == ("fast", "slow")
    assert read.frame.study.tolist() == ["slow", "fast"]  # by learning rate
    assert read.frame.curvature.tolist() == [0.5, 2.0]


def test_cells_of_a_static_loss_have_no_amplitude(storage: Storage) -> None:
    spec = instabilities_map(loss="ce", space={"learning_rate": [0.5, 2.0], "width": 5})
    plant_onsets(storage, spec, {(0.5, 1): [onset(9, 1.0, 3.0)], (2.0, 1): [onset(9, 1.0, 1.0)]})
    frame = first_onsets(storage, ["small"]).frame
    assert frame.curvature.tolist() == [2.0, 1.0]
    assert frame[["amplitude", "period"]].isna().all(axis=None)


def test_a_cell_that_two_studies_have_counts_once(storage: Storage) -> None:
    for name in ("one", "two"):
        spec = instabilities_map(name=name, space=SPACE)
        plant_onsets(storage, spec, {(0.5, 3): [onset(9, 1.0, 1.0)]})
    with pytest.raises(
        DynstudyError, match=r"one and two: both have dce, width 5, .*A = 3, T = 10"
    ):
        first_onsets(storage, ["one", "two"])


def test_studies_of_which_there_is_nothing_to_say_are_one_line(storage: Storage) -> None:
    storage.open_study(small_map(name="plain"))
    with pytest.raises(DynstudyError, match="'plain' does not watch for onsets of instabilities"):
        first_onsets(storage, ["plain"])
    storage.open_study(instabilities_map(name="new"))
    with pytest.raises(DynstudyError, match="'new' has no network whose onsets were read; run"):
        first_onsets(storage, ["new"])
    born = NEVER | {"start": 2.0}
    plant_onsets(storage, SPEC, {(0.5, 3): [NEVER, NEVER, born]})
    with pytest.raises(DynstudyError, match=r"none of its 3 .*\(2 censored, 1 born unstable, 0 d"):
        first_onsets(storage, ["small"])


@pytest.mark.parametrize(
    ("network", "way"),
    [
        (NEVER, "a larger learning rate or more steps"),
        (NEVER | {"start": 2.0}, "a smaller learning rate"),
        (NEVER | {"diverged_at": 4}, "a smaller learning rate"),
    ],
)
def test_the_way_out_is_for_what_most_networks_did(
    storage: Storage, network: dict[str, Any], way: str
) -> None:
    plant_onsets(storage, SPEC, {(0.5, 3): [network] * 3})
    with pytest.raises(DynstudyError, match=f"; {way} may give some"):
        first_onsets(storage, ["small"])
