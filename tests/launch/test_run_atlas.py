"""An atlas through the runner: each pixel is the network of its place, each tile a trial."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

import dynstudy as package
from dynstudy.analysis.atlas import read_atlas
from dynstudy.analysis.regime_map import regime_map
from dynstudy.config import Configuration, Replicate
from dynstudy.errors import ClusterError
from dynstudy.launch.executors.executor import Lost
from dynstudy.launch.replicates import train_cell
from dynstudy.launch.run_atlas import run_atlas
from dynstudy.launch.runner import RUNS
from dynstudy.launch.training import Training
from dynstudy.statistics.baseline import Baseline
from dynstudy.store.atlas_ledger import AtlasLedger
from dynstudy.store.ledger import Ledger
from dynstudy.store.studies import Storage
from dynstudy.study.kinds.atlas import AtlasSpec
from dynstudy.study.spec import StudySpec
from tests.command import dynstudy, process
from tests.databases import both_at_length  # noqa: F401
from tests.launch.executors.planted import AtOnce
from tests.launch.recorded import networks, trials
from tests.planted_atlas import ATLAS, NOISY, plant_atlas, small_atlas


@pytest.mark.parametrize("seed", ["pixel", 5])
def test_each_pixel_is_the_network_of_its_place_and_seed(storage: Storage, seed: Any) -> None:
    spec = small_atlas(seed=seed)
    done = package.run(spec, storage=storage)
    assert (done.trained, done.reused, done.cells) == (24 + spec.baseline_replicates, 0, 5)
    assert RUNS[spec.kind] is run_atlas
    pixels = AtlasLedger(storage.engine, spec).pixels
    x, y = spec.axes
    for row, column in [(0, 0), (1, 3), (3, 5)]:
        replicate = Replicate(spec.at(x.values[column], y.values[row]), spec.seed_of(column, row))
        (record,), _ = train_cell(replicate.configuration, spec.protocol, [replicate.seed], "cpu")
        for name, value in record.measures.items():
            if name in pixels:
                expected = np.nan if value is None else value
                np.testing.assert_equal(pixels[name][row, column], expected, err_msg=name)
    assert networks(storage) == spec.baseline_replicates  # pixels are no replicates


def test_a_tile_is_a_trial_of_its_pixels(storage: Storage) -> None:
    spec = small_atlas()
    package.run(spec, storage=storage)
    accuracy = AtlasLedger(storage.engine, spec).pixels["val_accuracy"]
    tiles = [(y, x) for y in (slice(0, 3), slice(3, 4)) for x in (slice(0, 3), slice(3, 6))]
    made = trials(storage, "atlas")
    assert len(made) == 5
    static = made[0].value
    assert static is not None
    x, y = spec.axes
    for trial in made[1:]:
        number = 2 * y.middles.tolist().index(trial.params["period"])
        number += x.middles.tolist().index(trial.params["amplitude"])
        of_tile = accuracy[tiles[number]]
        assert trial.value == pytest.approx(of_tile.mean(), abs=1e-12)
        assert trial.user_attrs["replicates"] == of_tile.size
        assert trial.user_attrs["gain"] == pytest.approx(of_tile.mean() - static, abs=1e-12)


def test_what_is_there_is_not_trained_again(storage: Storage) -> None:
    plant_atlas(storage, small_atlas(), pixels=7)
    again = package.run(small_atlas(), storage=storage)
    assert (again.trained, again.reused) == (17, 7 + 36)
    assert len(trials(storage, "atlas")) == 5
    shared = package.run(small_atlas(name="other tiles", tile=2), storage=storage)
    assert (shared.trained, shared.reused) == (16, 24)  # static losses, read at other periods
    assert len(trials(storage, "other tiles")) == 1 + 6


def test_pixels_are_trained_coarse_to_fine(storage: Storage) -> None:
    order: list[int] = []

    class Seen(AtOnce):
        def submit(self, slot: Any, chunk: Any) -> None:
            order.extend(
                task.replicate.seed
                for task in chunk.tasks
                if not task.replicate.configuration.static
            )
            super().submit(slot, chunk)

    package.run(small_atlas(), storage=storage, executor=Seen("cpu"))
    assert order[:2] == [0, 4]
    assert sorted(order[:6]) == [0, 2, 4, 12, 14, 16]
    assert sorted(order) == list(range(24))


def test_what_it_will_cost_is_said_before(tmp_path: Path) -> None:
    (tmp_path / "atlas.toml").write_text(tomli_w.dumps(ATLAS))
    out, _ = dynstudy(tmp_path, "run", "atlas.toml", "--dry-run")
    assert "cells          5\n" in out
    assert "networks       60 (0 of them already in the ledger)" in out
    assert "network-steps  1.2e+04\n" in out  # of 200 each
    assert list(tmp_path.iterdir()) == [tmp_path / "atlas.toml"]


def test_float32_and_float64_are_other_planes(storage: Storage) -> None:
    double = small_atlas(name="double", protocol=ATLAS["protocol"] | {"dtype": "float64"})
    for spec in (small_atlas(), double):
        assert package.run(spec, storage=storage).trained == 60
    exact = AtlasLedger(storage.engine, double).pixels
    x, y = double.axes
    replicate = Replicate(double.at(x.values[5], y.values[0]), 5)
    (record,), _ = train_cell(replicate.configuration, double.protocol, [5], "cpu")
    assert record.measures["val_accuracy"] == exact["val_accuracy"][0, 5]


@pytest.mark.long
def test_several_processes_train_the_same_pixels(storage: Storage, tmp_path: Path) -> None:
    assert package.run(small_atlas(), storage=storage, workers=2).trained == 60
    pixels = AtlasLedger(storage.engine, small_atlas()).pixels
    alone = package.run(small_atlas(), storage=tmp_path / "alone.db").ledger
    assert isinstance(alone, AtlasLedger)
    for name, values in alone.pixels.items():
        np.testing.assert_array_equal(pixels[name], values, err_msg=name)
    assert len(trials(storage, "atlas")) == 5


def test_a_pixel_that_kills_what_trains_it_is_left_out(storage: Storage) -> None:
    class Killed(AtOnce):
        def submit(self, slot: Any, chunk: Any) -> None:
            seeds = [task.replicate.seed for task in chunk.tasks]
            if 9 in seeds and not chunk.tasks[0].replicate.configuration.static:
                self.events.put(Lost(chunk, slot, "was killed", killed=True))
            else:
                super().submit(slot, chunk)

    with pytest.raises(ClusterError, match=r"dce, width 5.* seed 9: .*all others are recorded"):
        package.run(small_atlas(), storage=storage, executor=Killed("cpu"))
    ledger = AtlasLedger(storage.engine, small_atlas())
    assert np.argwhere(~ledger.recorded).tolist() == [[1, 3]]
    assert len(trials(storage, "atlas")) == 4  # its tile is none yet
    assert package.run(small_atlas(), storage=storage).trained == 1
    assert len(trials(storage, "atlas")) == 5


def test_without_a_static_network_no_cell_is_a_trial(storage: Storage) -> None:
    class Killed(AtOnce):
        def submit(self, slot: Any, chunk: Any) -> None:
            seeds = [task.replicate.seed for task in chunk.tasks]
            if 9 in seeds and chunk.tasks[0].replicate.configuration.static:
                self.events.put(Lost(chunk, slot, "was killed", killed=True))
            else:
                super().submit(slot, chunk)

    with pytest.raises(ClusterError, match=r"ce, width 5.* seed 9: .*all others are recorded"):
        package.run(small_atlas(), storage=storage, executor=Killed("cpu"))
    assert AtlasLedger(storage.engine, small_atlas()).recorded.all()
    assert trials(storage, "atlas") == []
    assert package.run(small_atlas(), storage=storage).trained == 1
    assert len(trials(storage, "atlas")) == 5


def test_pixels_that_are_one_network_are_counted_once(storage: Storage) -> None:
    space = ATLAS["space"] | {"period": {"low": 10, "high": 12}}  # 10, 11, 11, 12
    said: list[str] = []
    for trained, reused in ((19, 0), (0, 19)):
        done = package.run(small_atlas(seed=3, space=space), storage=storage, log=said.append)
        assert (done.trained, done.reused) == (trained, reused)
    assert said[1].endswith(", all of seed 3: every 4th row and column first")


def test_a_tile_whose_networks_are_all_of_its_neighbour_waits_for_them(storage: Storage) -> None:
    space = ATLAS["space"] | {"period": {"low": 10, "high": 13}}
    spec = small_atlas(seed=3, space=space, pixels=[3, 12])
    assert spec.axes[1].values.tolist()[2:6] == [11] * 4  # in tiles of rows 0 to 2 and 3 to 5
    assert package.run(spec, storage=storage).trained == 12 + 1
    accuracy = AtlasLedger(storage.engine, spec).pixels["val_accuracy"]
    of_rows = {trial.params["period"]: trial.value for trial in trials(storage, "atlas")[1:]}
    assert of_rows[11] == pytest.approx(accuracy[3:6].mean(), abs=1e-12)


def test_interrupted_it_goes_on_where_it_was(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dynstudy.launch.chunks.CHUNK_SECONDS", 0.0)
    monkeypatch.setattr("dynstudy.launch.training.RECORD_NETWORKS", 1)
    record = Training._record

    def stop(self: Training, trained: Any) -> None:
        record(self, trained)
        if not trained[0].chunk.tasks[0].replicate.configuration.static:
            self.interrupts.stop_after_chunk.set()

    with monkeypatch.context() as patch:
        patch.setattr(Training, "_record", stop)
        part = package.run(small_atlas(), storage=storage)
    assert part.interrupted
    assert 0 < part.trained - 36 < 24
    said: list[str] = []
    rest = package.run(small_atlas(), storage=storage, log=said.append)
    assert (rest.trained, rest.reused) == (60 - part.trained, part.trained)
    assert (rest.interrupted, len(trials(storage, "atlas"))) == (False, 5)
    assert said[0].endswith(
        f": {60 - part.trained} networks are left, every 4th row and column first"
    )


def test_it_says_what_is_drawn_and_how_far_it_is(storage: Storage) -> None:
    stages: list[str] = []
    said: list[str] = []
    one = small_atlas(seed=5)
    package.run(one, storage=storage, report=lambda p: stages.append(p.stage), log=said.append)
    untested, drawn = said
    assert untested == "note: seed = 5: one draw has no replicates, so that nothing is tested"
    assert drawn == f"{one.described()}: every 4th row and column first"
    assert stages[-1] == "all pixels"

    space = ATLAS["space"] | {"amplitude": {"low": 2, "high": 100, "log": True}}
    several = small_atlas(name="no static network is lacking", seed=5, space=space)
    package.run(several, storage=storage, log=said.append)
    assert said[2:] == [untested, f"{several.described()}: every 4th row and column first"]
    package.run(several, storage=storage, log=said.append)
    assert len(said) == 4  # nothing is left


def test_widths_and_learning_rates_are_axes(storage: Storage) -> None:
    space = {
        "learning_rate": {"low": 0.1, "high": 1.0, "log": True},
        "width": {"low": 2, "high": 10},
        "amplitude": 5,
        "period": 20,
    }
    spec = small_atlas(space=space, pixels=[4, 4], tile=2)
    assert package.run(spec, storage=storage).trained == 16 + 4 * 16
    assert len(trials(storage, "atlas")) == 4 + 4


def of_noise(noise: float) -> dict[str, Any]:
    """The small atlas's protocol with spirals of a noise."""
    return ATLAS["protocol"] | {"data": ATLAS["protocol"]["data"] | {"noise": noise}}


@pytest.mark.parametrize("seed", ["pixel", 5])
def test_noise_is_an_axis_and_each_pixel_is_a_network_on_spirals_of_its_noise(
    storage: Storage, seed: Any
) -> None:
    spec = small_atlas(space=NOISY, seed=seed)
    done = package.run(spec, storage=storage)
    assert (done.trained, done.cells) == (24 + 2 * spec.baseline_replicates, 6)
    atlas = read_atlas(storage, "atlas")
    x, y = spec.axes
    assert atlas.recorded.all()
    for row, column in [(0, 0), (1, 3), (3, 5)]:
        noise = y.values[row]
        plain = small_atlas(protocol=of_noise(noise)).protocol
        cell = Configuration("dce", 5, 1.0, x.values[column], 20)
        (record,), _ = train_cell(cell, plain, [spec.seed_of(column, row)], "cpu")
        for name in ("val_accuracy", "train_accuracy", "forgetting"):
            assert atlas.of(name)[row, column] == record.measures[name]
    static = Baseline(
        Ledger(storage.engine, small_atlas(protocol=of_noise(y.middles[0])).protocol),
        Configuration("ce", 5, 1.0),
        spec.baseline_seeds,
    )
    assert atlas.static("val_accuracy")[0, 0] == pytest.approx(static.val_accuracy.mean())
    made = trials(storage, "atlas")
    assert {trial.params["noise"] for trial in made} == {*y.middles.tolist()}
    again = package.run(spec, storage=storage)
    assert (again.trained, again.reused) == (0, 24 + 2 * spec.baseline_replicates)


def test_networks_of_a_noise_are_shared_with_an_atlas_of_that_noise(storage: Storage) -> None:
    noisy = small_atlas(space=NOISY, seed=5)
    package.run(noisy, storage=storage)
    space = ATLAS["space"] | {"period": {"low": 19, "high": 22}}  # 19, 20, 21, 22
    noise = noisy.axes[1].values[2]
    plain = small_atlas(name="plain", seed=5, space=space, protocol=of_noise(noise))
    there = AtlasLedger(storage.engine, plain)
    assert np.argwhere(there.recorded).tolist() == [[1, column] for column in range(6)]
    expected = read_atlas(storage, "atlas").of("val_accuracy")[2]
    np.testing.assert_array_equal(there.pixels["val_accuracy"][1], expected)
    assert AtlasLedger(storage.engine, noisy).count() == 24


@pytest.mark.long
def test_labels_of_tiles_are_those_of_a_map_of_their_middles(storage: Storage) -> None:
    """Where both are settled; one small gain may be settled as useful, and as neutral."""
    same = {"loss": "dce", "protocol": {"steps": 1500, "tail": "none"}}
    # one period, since a remainder of steps at A = 1 differs between neighbours along it
    fixed = {"period": 50, "width": 20}
    axes = {"amplitude": {"low": 2, "high": 100, "log": True}}
    axes["learning_rate"] = {"low": 0.9, "high": 1.1}
    sizes = {"kind": "atlas", "pixels": [64, 16], "tile": 8}
    atlas = AtlasSpec.model_validate({"name": "atlas", **sizes, **same, "space": fixed | axes})
    middles = {axis.name: axis.middles.tolist() for axis in atlas.axes}
    cells = {"kind": "map", "replicates": 40, "space": fixed | middles}
    for spec in (atlas, StudySpec.of({"name": "map", **cells, **same})):
        package.run(spec, storage=storage)
    of_tiles, of_cells = (
        regime_map(storage, name).frame.set_index(["amplitude", "learning_rate"]).sort_index()
        for name in ("atlas", "map")
    )
    both = 0
    for tile in atlas.tile_cells():
        cell = (tile.configuration.amplitude, tile.configuration.learning_rate)
        labels = {of_tiles.regime[cell], of_cells.regime[cell]}
        if labels <= {"useful", "harmful", "neutral"}:
            both += 1
            difference = of_tiles.gain[cell] - of_cells.gain[cell]
            apart = abs(difference) / np.hypot(of_tiles["sem"][cell], of_cells["sem"][cell])
            one = "neutral" in labels and apart < 3.5  # by chance once in 2000 cells
            assert len(labels) == 1 or one, (cell, labels, apart)
    assert both >= 8
    assert set(of_tiles.regime) > {"harmful", "neutral"}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    # about 5 s on two cores
    large = ATLAS | {"pixels": [32, 16], "tile": 4, "protocol": {"steps": 5000, "tail": 0}}
    (tmp_path / "atlas.toml").write_text(tomli_w.dumps(large))
    return tmp_path


def rows(folder: Path, what: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "storage" / "dynstudy.db")) as connection:
        return connection.execute(f"SELECT {what} FROM dynstudy_pixel ORDER BY seed").fetchall()


TELLS = """
import sys
from dynstudy.cli import main
from dynstudy.launch.executors.here import Here

chunks, submit = sys.argv.pop(1), Here.submit

def told(self, slot, chunk):
    with open(chunks, "a") as file:
        print(len(chunk.tasks), file=file)
    submit(self, slot, chunk)

Here.submit = told
main()
"""
"""A launch that writes into a file how many networks each chunk has that it begins to train."""


@pytest.mark.long
def test_killed_it_loses_a_chunk_at_most_and_goes_on_to_the_same_pixels(
    here: Path, tmp_path_factory: Any
) -> None:
    alone = tmp_path_factory.mktemp("alone")
    (alone / "atlas.toml").write_text((here / "atlas.toml").read_text())
    dynstudy(alone, "run", "atlas.toml")
    for number in range(2):
        chunks, before = here / f"chunks-{number}", recorded(here)
        with process(here, sys.executable, "-c", TELLS, chunks.name, "run", "atlas.toml") as launch:
            # until chunks are so long that none begins or ends between this and the kill
            launch.until(lambda: recorded(here) > before + 40)  # noqa: B023 - at once
            launch.kill()
        begun = list(map(int, chunks.read_text().split()))
        static = 64 if number == 0 else 0
        assert sum(begun) - static - (recorded(here) - before) <= begun[-1]
    assert 0 < recorded(here) < 512
    _, err = dynstudy(here, "run", "atlas.toml")
    assert f"{512 - recorded_before(err)} networks trained" in err
    same = "width, learning_rate, period, amplitude, seed, val_accuracy, forgetting, lasting"
    assert rows(here, same) == rows(alone, same)
    assert dynstudy(here, "show", "atlas")[0].startswith("atlas: complete, 33 of 33 cells")


def recorded(folder: Path) -> int:
    try:
        return int(rows(folder, "COUNT(*)")[0][0])
    except sqlite3.OperationalError:
        return 0  # no table yet


def recorded_before(err: str) -> int:
    """Pixels that a launch took from the ledger, beside the static networks."""
    (line,) = [line for line in err.splitlines() if "taken from the ledger" in line]
    return int(line.split(" taken from the ledger")[0].split()[-1]) - 64
