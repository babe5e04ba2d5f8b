"""What looks after a database knows the pixels of its atlases."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from dynstudy.analysis.atlas import read_atlas
from dynstudy.config import Replicate
from dynstudy.errors import DynstudyError, ExportError
from dynstudy.export.cube import labelled_cube
from dynstudy.export.exporting import export
from dynstudy.export.replicate_table import replicates
from dynstudy.export.reproducing import reproduce
from dynstudy.export.series_table import series_table
from dynstudy.launch.runner import run
from dynstudy.report.listing import list_rows
from dynstudy.store.atlas_ledger import AtlasLedger
from dynstudy.store.deletion import delete_study, plan_deletion
from dynstudy.store.launches import claim
from dynstudy.store.ledger import Landing, Record
from dynstudy.store.provenance import Trainer
from dynstudy.store.studies import Storage
from dynstudy.upkeep.check import check_database, mend_all
from dynstudy.upkeep.copying import Copied, copy_studies
from dynstudy.upkeep.sizes import sizes
from tests.databases import SQLITE_ALONE
from tests.planted import SMALL, SpecMaker
from tests.planted_atlas import ATLAS, accuracy_of, plant_atlas, small_atlas
from tests.postgres import Databases

OVER_NOISE: dict[str, Any] = {
    "name": "noisy",
    "space": ATLAS["space"] | {"period": 20, "noise": {"low": 0.1, "high": 0.3}},
}
SHARED = {"name": "shared", "seed": 1000}
PART: dict[str, Any] = SHARED | {
    "name": "part",
    "pixels": [6, 2],
    "space": ATLAS["space"] | {"period": {"low": 10, "high": 20, "log": True}},
}
"""The lower half of it: the same pixels."""

PIXELS = "SELECT count(*) FROM dynstudy_pixel"
PLANES = "SELECT count(*) FROM dynstudy_plane"


def number(storage: Storage, query: str) -> Any:
    with storage.engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


@pytest.fixture
def other(database: str, databases: Databases, tmp_path: Any) -> Any:
    """A database of the kind that the test's storage is not."""
    if database == "postgresql":
        there = Storage(f"sqlite:///{tmp_path}/other.db", create=True)
        yield there
        there.engine.dispose()
        return
    with databases.database() as url:
        there = Storage(url, create=True)
        yield there
        there.engine.dispose()


def test_an_atlas_is_copied_whole_and_once(storage: Storage, other: Storage) -> None:
    for changes in ({}, OVER_NOISE, SHARED):
        plant_atlas(storage, small_atlas(**changes))
    said: list[str] = []
    copied = copy_studies(storage, other, ["atlas", "noisy"], say=said.append)
    assert (copied.studies, copied.there) == (2, 0)
    assert number(other, PIXELS) == 48  # those of the third are not asked for
    assert copied.networks == 48 + number(other, "SELECT count(*) FROM dynstudy_replicate")
    assert all(line.endswith("in both") for line in said)
    for name in ("atlas", "noisy"):
        one, two = read_atlas(storage, name), read_atlas(other, name)
        assert two.recorded.all()
        for measure in one.names:
            np.testing.assert_array_equal(one.of(measure), two.of(measure))
        assert run(two.spec, storage=other).trained == 0
    again = copy_studies(storage, other)
    assert (again.networks, again.there) == (24 + 1, copied.networks)
    assert number(other, PIXELS) == number(storage, PIXELS)
    launches = "SELECT count(DISTINCT run_id) FROM dynstudy_pixel"
    assert number(other, launches) == number(storage, launches) == 3
    assert check_database(other).broken == []


def test_what_the_other_database_has_of_a_pixel_stays(storage: Storage, other: Storage) -> None:
    plant_atlas(storage, small_atlas())
    copy_studies(storage, other)
    change = "UPDATE dynstudy_pixel SET {} WHERE seed = {}"
    with other.engine.begin() as connection:
        connection.execute(text(change.format("val_accuracy = 0.125", 0)))
        connection.execute(text(change.format("lasting = NULL", 1)))
    with storage.engine.begin() as connection:
        connection.execute(text(change.format("lasting = NULL", 2)))
    said: list[str] = []
    again = copy_studies(storage, other, say=said.append)
    there = number(storage, "SELECT count(*) FROM dynstudy_replicate") + 21
    assert again == Copied(1, 0, there, joined=2, different=1)
    value = "SELECT val_accuracy FROM dynstudy_pixel WHERE seed = 0"
    assert number(other, value) == 0.125
    assert number(other, f"{PIXELS} WHERE lasting IS NULL") == 0
    assert said[0] == "study 'atlas': 1 trials are the means of networks that stay there"
    assert check_database(other).broken == []


def test_a_purge_takes_the_pixels_that_no_other_atlas_needs(storage: Storage) -> None:
    for changes in ({}, SHARED, PART, OVER_NOISE):
        plant_atlas(storage, small_atlas(**changes))
    assert number(storage, PIXELS) == 24 + 24 + 24  # those of the part are there
    planned = plan_deletion(storage, "shared", purge=True)
    assert planned.shared == 12 + 1
    delete_study(storage, planned)
    assert number(storage, PIXELS) == 24 + 12 + 24
    assert read_atlas(storage, "part").recorded.all()
    assert check_database(storage).broken == []
    for name, left in (("part", 48), ("noisy", 24), ("atlas", 0)):
        delete_study(storage, plan_deletion(storage, name, purge=True))
        assert number(storage, PIXELS) == left
    assert (
        number(storage, PLANES) == number(storage, "SELECT count(*) FROM dynstudy_replicate") == 0
    )


def test_a_purge_of_an_atlas_leaves_a_map_of_the_middles_of_its_tiles(
    storage: Storage, make_spec: SpecMaker
) -> None:
    spec = small_atlas()
    x, y = spec.axes
    space = SMALL["space"] | {
        "amplitude": x.middles.tolist(),
        "period": y.middles.astype(int).tolist(),
    }
    cells = make_spec(space=space)
    run(cells, storage=storage)
    delete_study(storage, plan_deletion(storage, "small"))  # its networks stay
    networks = number(storage, "SELECT count(*) FROM dynstudy_replicate")
    plant_atlas(storage, spec)
    delete_study(storage, plan_deletion(storage, "atlas", purge=True))
    dynamical = "SELECT count(*) FROM dynstudy_replicate WHERE period IS NOT NULL"
    assert number(storage, dynamical) == networks - 8 == 8


def test_an_atlas_lists_the_pixels_that_it_has(storage: Storage) -> None:
    plant_atlas(storage, small_atlas(), pixels=7)
    plant_atlas(storage, small_atlas(**SHARED))
    rows = {row["study"]: row for row in list_rows(storage)}
    static = small_atlas().baseline_replicates
    assert rows["atlas"]["networks"] == static + 24
    assert rows["atlas"]["networks_trained"] == static + 7
    assert rows["atlas"]["status"] == "incomplete"
    assert rows["shared"]["networks_trained"] == 1 + 24
    assert rows["shared"]["status"] == "complete"


@SQLITE_ALONE
def test_a_pixel_of_no_plane_and_of_no_launch_is_found_and_mended(storage: Storage) -> None:
    plant_atlas(storage, small_atlas(), pixels=3)
    with storage.engine.begin() as connection:
        connection.execute(text("UPDATE dynstudy_pixel SET run_id = 99"))
    said = [str(finding) for finding in check_database(storage).broken]
    assert said == [
        "table dynstudy_pixel, run_id 99: run_id is 99, which dynstudy_run does not have; --mend "
        "takes the reference away"
    ]
    mend_all(storage, lambda _: None)
    assert number(storage, f"{PIXELS} WHERE run_id IS NULL") == 3
    with storage.engine.begin() as connection:
        connection.execute(text("UPDATE dynstudy_pixel SET plane_id = 99"))
    said = [str(finding) for finding in check_database(storage).broken]
    assert len(said) == 1
    assert said[0].startswith("table dynstudy_pixel, plane_id 99: ")
    mend_all(storage, lambda _: None)
    assert number(storage, PIXELS) == 0
    plant_atlas(storage, small_atlas())
    assert check_database(storage).broken == []
    with storage.engine.begin() as connection:
        connection.execute(text("UPDATE dynstudy_pixel SET val_accuracy = 2 WHERE seed = 3"))
    (broken, *_) = check_database(storage).broken
    assert "seed 3" in broken.row
    assert broken.problem == "val_accuracy = 2.0 is damaged: must be from 0 to 1"


@SQLITE_ALONE
def test_a_tile_whose_pixels_were_trained_again_later_is_not_broken(storage: Storage) -> None:
    spec = small_atlas()
    plant_atlas(storage, spec)
    study, trainer = storage.study("atlas"), Trainer("cpu", "elsewhere", "a processor", {})
    with claim(storage.engine, storage.study_id(study), spec, "cpu") as launch:
        x, y = spec.axes
        again = Replicate(spec.at(x.values[0], y.values[0]), 0)
        measures = {"val_accuracy": 0.9, "train_accuracy": 0.5, "forgetting": 0.1}
        landing = Landing([Record(again, None, measures, {})], trainer)
        AtlasLedger(storage.engine, spec).add_all([landing], run_id=launch.id)
    (finding,) = check_database(storage).findings
    assert "value is" in finding.problem
    assert str(finding).endswith("since they were trained again afterwards; maps read the ledger")
    assert not finding.broken


@SQLITE_ALONE
@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            "dynstudy_pixel SET amplitude = 0.5 WHERE seed = 3",
            r"seed 3: amplitude = 0.5 is damaged: must be from 1 to",
        ),
        ("dynstudy_pixel SET period = 1 WHERE seed = 3", "period = 1 is damaged: must be from 2"),
        ("dynstudy_pixel SET width = 0 WHERE seed = 3", "width = 0 is damaged: must be from 1 to"),
        ("dynstudy_pixel SET learning_rate = 9e999 WHERE seed = 3", "= inf is damaged: must be"),
        ("dynstudy_pixel SET val_accuracy = 9e999 WHERE seed = 3", "= inf is damaged: must be"),
        (
            "dynstudy_pixel SET diverged_at = 201 WHERE seed = 3",
            "plane_id 1: diverged_at is 201, after the last of 200 steps; delete this row",
        ),
        (
            """dynstudy_plane SET content = replace(content, '"loss": "dce"', '"loss": "dmse1"')""",
            r"table dynstudy_plane, id 1: key is \w{12}…, its content gives \w{12}…: one was",
        ),
        (
            "dynstudy_run SET networks = 3",
            "table dynstudy_run, id 1: networks is 3, and 60 of the ledger are its",
        ),
        (
            "dynstudy_plane SET key = replace(key, substr(key, 1, 4), 'abcd')",
            "table dynstudy_plane, id 1: key is abcd",
        ),
    ],
)
def test_a_pixel_or_plane_that_was_edited_is_named(storage: Storage, edit: str, said: str) -> None:
    plant_atlas(storage, small_atlas())
    with storage.engine.begin() as connection:
        assert connection.execute(text(f"UPDATE {edit}")).rowcount == 1
    lines = [str(finding) for finding in check_database(storage).broken]
    assert any(re.search(said, line) for line in lines), lines
    assert not any("\n" in line for line in lines)


@SQLITE_ALONE
def test_sizes_are_those_of_what_a_purge_takes(storage: Storage) -> None:
    for changes in ({}, SHARED, PART, OVER_NOISE):
        plant_atlas(storage, small_atlas(**changes))
    rows = {row["name"]: row for row in sizes(storage)}
    for name in ("atlas", "shared", "part", "noisy"):
        planned = plan_deletion(storage, name, purge=True)
        assert rows[name]["purged_networks"] == planned.count
        assert rows[name]["networks"] == planned.count + planned.shared
        assert 0 <= rows[name]["purged_bytes"] <= rows[name]["bytes"]
        assert (rows[name]["purged_bytes"] > 0) == (planned.count > 0)
    assert "of no study" not in rows
    delete_study(storage, plan_deletion(storage, "noisy"))  # its networks stay
    left = {row["name"]: row for row in sizes(storage)}
    assert left["of no study"]["networks"] == rows["noisy"]["purged_networks"]


@SQLITE_ALONE
def test_the_middle_of_the_best_tile_is_exported_and_reproduced(storage: Storage) -> None:
    plant_atlas(storage, small_atlas())
    exported = export(storage, "atlas", confirm=2)
    (best,) = exported.configuration
    assert (best.found, best.trial) == (None, 4)
    assert best.confirmed is not None
    assert best.confirmed.replicates == 2
    assert best.key == exported.key_of(best)
    assert reproduce(exported).problems == []
    with pytest.raises(ExportError, match="leave out --confirm 0"):
        export(storage, "atlas", confirm=0)
    with pytest.raises(DynstudyError, match="an atlas keeps measures of its networks and no ser"):
        series_table(storage, "atlas", "validation")


@SQLITE_ALONE
def test_a_table_of_networks_has_each_pixel_at_its_place(storage: Storage) -> None:
    spec = small_atlas()
    plant_atlas(storage, spec)
    x, y = spec.axes
    frame = replicates(storage, "atlas")
    dynamical = frame[frame.period.notna()]
    assert sorted(dynamical.seed) == list(range(24))
    for _, row in dynamical.iterrows():
        upwards, right = divmod(int(row.seed), 6)
        assert (row.amplitude, row.period) == (x.values[right], y.values[upwards])
        assert row.val_accuracy == accuracy_of(right, upwards)


def test_networks_that_share_no_seed_are_a_list_and_no_cube() -> None:
    axes = {"loss": "dce", "width": 5, "learning_rate": 1.0, "period": 10}
    rows = [axes | {"amplitude": 2.0 + n, "seed": n, "gain": n / 500} for n in range(500)]
    listed = labelled_cube(pd.DataFrame(rows), ["gain"], ["seed"])
    assert dict(listed.sizes) == {"network": 500}
    np.testing.assert_array_equal(listed.amplitude - 2, listed.seed)
    np.testing.assert_array_equal(listed.gain * 500, listed.seed)
