"""One study, read from Python."""

import json
import sqlite3
from io import StringIO
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest

import dynstudy
from dynstudy.errors import DynstudyError
from dynstudy.results.study import Study
from dynstudy.statistics.columns import FIRST, MAP, names
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from tests.command import dynstudy as command
from tests.planted import SMALL, Planted, SearchMaker, SpecMaker, plant_search, spread
from tests.planted_atlas import accuracy_of, plant_atlas, small_atlas

ONE = "loss=dce,width=5,amplitude=30,period=10"


@pytest.fixture(scope="module")
def study(studied: Storage) -> Study:
    return dynstudy.open(studied)["small"]


def printed(study: Study, *arguments: str) -> pd.DataFrame:
    """What a command says of it as CSV."""
    storage = study._storage.optuna.url
    out, _ = command(Path("/"), *arguments, "--format", "csv", "--storage", storage)
    return pd.read_csv(StringIO(out))


def agree(table: pd.DataFrame, text: pd.DataFrame) -> None:
    """A table, and the CSV of a command, which has no types."""
    assert list(table) == list(text)
    for name in table:
        assert table[name].isna().tolist() == text[name].isna().tolist(), name
        there = text[name].notna()
        values = table[name][there].tolist()
        if table[name].dtype == "string":
            assert values == text[name][there].astype(str).tolist(), name
        else:
            assert values == pytest.approx(text[name][there].astype(float).tolist()), name


def test_the_map_is_that_of_the_command(study: Study, tmp_path: Path) -> None:
    agree(study.map(), printed(study, "map", "small", "--out", str(tmp_path)))
    assert list(study.map()) == names(MAP)


def test_replicates_are_those_of_the_command(study: Study) -> None:
    agree(study.replicates(), printed(study, "export", "small"))


def test_boundaries_are_those_of_the_command(study: Study, tmp_path: Path) -> None:
    text = printed(study, "map", "small", "--boundaries", "--out", str(tmp_path))
    agree(study.boundaries().replace("", pd.NA), text)


def test_the_best_are_those_of_the_command(study: Study) -> None:
    best = study.best(3)
    agree(best, printed(study, "show", "small", "--top", "3"))
    assert list(best) == names(FIRST)
    assert best.val_accuracy.is_monotonic_decreasing
    assert best.val_accuracy[0] == study.map().val_accuracy.max()
    for few in (0, -1):
        with pytest.raises(DynstudyError, match=f"n = {few}: must be at least 1"):
            study.best(few)


def test_the_best_of_a_search_for_gain_gain_most(
    storage: Storage, make_search: SearchMaker
) -> None:
    plant_search(storage, make_search(maximize="gain"))
    best = dynstudy.open(storage)["search"].best(8)
    assert len(best) == 8
    assert best.gain.is_monotonic_decreasing
    assert not best.val_accuracy.is_monotonic_decreasing


def test_types_are_the_same_whatever_was_found(
    study: Study, storage: Storage, make_spec: SpecMaker
) -> None:
    """Also where a column has no value: of a static study, or before anything is trained."""
    space = {"learning_rate": 1.0, "width": [5]}
    spec = make_spec(name="static", loss="ce", replicates=1, space=space)
    planted = Planted(storage, spec)
    storage.open_study(make_spec(name="untrained"))
    for seeds in (0, 1):
        if seeds:
            planted.put(planted.cell(), [0.5])
        for name in ("static", "untrained"):
            other = dynstudy.open(storage)[name]
            for table in (Study.map, Study.replicates, Study.best):
                assert table(other).dtypes.to_dict() == table(study).dtypes.to_dict()


def test_a_series_is_what_the_ledger_has_as_shares(study: Study, studied: Storage) -> None:
    frame = study.series(ONE)
    query = """
        SELECT r.seed, t.steps, s.readings FROM dynstudy_series s
        JOIN dynstudy_replicate r ON r.id = s.replicate_id
        JOIN dynstudy_steps t ON t.id = s.steps_id
        WHERE r.loss = 'dce' AND r.width = 5 AND r.amplitude = 30 AND r.period = 10
        AND s.name = 'validation'
    """
    with sqlite3.connect(str(studied.optuna.engine.url.database)) as connection:
        rows = connection.execute(query).fetchall()
    connection.close()
    assert frame.index.names == ["seed", "step"]
    assert frame.columns.tolist() == [0, 1, 2]
    assert len(rows) == 3
    for seed, steps, readings in rows:
        expected = np.array(json.loads(readings)).T / 30  # validation points of a class
        assert frame.loc[seed].index.tolist() == json.loads(steps)
        np.testing.assert_array_equal(frame.loc[seed].to_numpy(), expected)
    last = frame.xs(200, level="step").mean(axis=1)
    networks = study.replicates().query("width == 5 and amplitude == 30 and period == 10")
    assert last.tolist() == pytest.approx(networks.val_accuracy.tolist())
    assert study.series(ONE, "train").to_numpy().max() <= 1


def test_a_cell_is_named_by_text_by_its_trial_or_by_a_row(study: Study) -> None:
    cells = study.map()
    row = cells[(cells.width == 5) & (cells.amplitude == 30) & (cells.period == 10)].iloc[0]
    trial = (
        study.replicates().query("width == 5 and amplitude == 30 and period == 10").trial.iloc[0]
    )
    by_text = study.series(ONE)
    for cell in (row, row.to_dict(), int(trial), np.int64(trial)):
        pd.testing.assert_frame_equal(study.series(cell), by_text)
    static = study.series(cells[cells.regime == "baseline"].iloc[0])
    assert len(static.loc[0]) > len(by_text.loc[0])  # read where any cell is
    assert static.index.levels[0].size == 12


def test_a_cell_or_series_that_is_not_there_is_one_clear_line(study: Study) -> None:
    for cell, name, words in (
        ("amplitude=7", "validation", "^cell: no cell has amplitude=7; amplitude is 3, 30"),
        ("amplitude=30", "validation", "say more"),
        (999, "validation", "has trials 0 to"),
        (-1, "validation", "has trials 0 to"),
        (ONE, "loss", "'loss': the cell has none of that name; there are train, validation"),
    ):
        with pytest.raises(DynstudyError, match=words) as caught:
            study.series(cell, name)
        assert "\n" not in str(caught.value)


def test_networks_that_diverged_have_no_series_beyond(
    storage: Storage, make_spec: SpecMaker
) -> None:
    planted = Planted(storage, make_spec())
    planted.put(planted.cell(amplitude=30.0, period=10), [0.5, 0.6], diverged=1)
    series = dynstudy.open(storage)["small"].series("amplitude=30,period=10")
    assert series.index.levels[0].tolist() == [1]
    assert series.notna().all(axis=None)
    with pytest.raises(DynstudyError, match="nothing is trained yet"):
        dynstudy.open(storage)["small"].series("amplitude=3,period=10")


def test_of_a_search_everything_is_read(storage: Storage, make_search: SearchMaker) -> None:
    dynstudy.run(make_search(), storage=storage)
    search = dynstudy.open(storage)["search"]
    assert len(search.map()) == 8
    assert len(search.replicates()) == 16
    assert search.best(2).val_accuracy[0] == search.map().val_accuracy.max()
    assert len(search.series(3).index.levels[0]) == 2
    assert search.state == "complete"
    assert len(search.plot().data)
    with pytest.raises(DynstudyError, match="no boundaries"):
        search.boundaries()


def test_a_trial_that_was_given_up_is_no_cell(storage: Storage, make_search: SearchMaker) -> None:
    spec = make_search()
    plant_search(storage, spec)
    opened = storage.study("search")
    trial = opened.ask()
    spec.suggest(trial)
    opened.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    with pytest.raises(DynstudyError, match="cell: no cell"):
        dynstudy.open(storage)["search"].series(trial.number)


def test_a_boundary_study_has_its_predicted_cells(storage: Storage) -> None:
    space = SMALL["space"] | {"amplitude": [2, 10, 50, 250], "period": [10, 20, 30]}
    cells = {"cells": 8, "batch": 4}
    spec = {"name": "edge", "kind": "boundary", "space": space, "boundary": cells}
    dynstudy.run(StudySpec.of(SMALL | spec | {"replicates": 6}), storage=storage)
    study = dynstudy.open(storage)["edge"]
    cells_read = study.map()
    assert len(cells_read) == 12 + 1
    assert cells_read.predicted.any()
    assert (cells_read.predicted == (cells_read.replicates == 0)).all()
    assert not study.best(20).replicates.eq(0).any()
    assert set(study.boundaries().period) == {10, 20, 30}
    assert len(study.plot().data)
    predicted = cells_read[cells_read.predicted].iloc[0]
    with pytest.raises(DynstudyError, match="no cell"):
        study.series(predicted)


def test_an_atlas_has_a_row_for_each_network(storage: Storage, studied: Storage) -> None:
    spec = small_atlas()
    plant_atlas(storage, spec, pixels=20)
    pixels = dynstudy.open(storage)["atlas"].pixels()
    assert (len(pixels), pixels.index.names) == (20, ["period", "amplitude"])
    x, y = spec.axes
    row = pixels.loc[(y.values[2], x.values[4])]
    assert (row.seed, row.val_accuracy) == (2 * 6 + 4, pytest.approx(accuracy_of(4, 2)))
    assert row.gain == pytest.approx(accuracy_of(4, 2) - 39 / 90)
    picture = pixels.val_accuracy.unstack()
    assert (picture.shape, int(picture.isna().sum().sum())) == ((4, 6), 4)
    with pytest.raises(DynstudyError, match="small: is a map, and no atlas"):
        dynstudy.open(studied)["small"].pixels()


def test_edges_of_an_atlas_are_those_of_the_command(storage: Storage, tmp_path: Path) -> None:
    plant_atlas(storage, small_atlas())
    atlas = dynstudy.open(storage)["atlas"]
    text = printed(atlas, "map", "atlas", "--boundaries", "--out", str(tmp_path))
    agree(atlas.boundaries().replace("", pd.NA), text)


def test_what_is_known_of_a_study(studied: Storage, study: Study) -> None:
    assert study.spec == studied.spec(studied.study("small"))
    assert (study.state, study.note, study.tags) == ("complete", "", [])
    launch = study.provenance.iloc[0]
    assert (launch.status, launch.networks) == ("complete", 2 * 12 + 8 * 3)
    assert launch.versions["numpy"] == np.__version__


def test_a_study_shows_itself_with_its_best_cells(study: Study) -> None:
    best = study.best(1).val_accuracy[0]
    for shown in (repr(study), study._repr_html_()):
        assert "small: map of ce dce, complete" in shown
        assert f"{best:.3f}" in shown


def test_a_study_is_drawn_by_either_pen(study: Study, tmp_path: Path) -> None:
    figure = study.plot()
    assert {trace.type for trace in figure.data} >= {"heatmap"}
    study.figure().savefig(tmp_path / "map.png")
    assert (tmp_path / "map.png").stat().st_size > 10_000


def test_before_anything_is_trained_tables_are_there(
    storage: Storage, make_spec: SpecMaker
) -> None:
    storage.open_study(make_spec())
    study = dynstudy.open(storage)["small"]
    assert len(study.map()) == 5
    assert len(study.replicates()) == len(study.best()) == 0
    assert "incomplete" in repr(study)
    assert study.plot() is not None


def test_what_a_launch_records_is_seen_without_opening_again(
    storage: Storage, make_spec: SpecMaker, rng: np.random.Generator
) -> None:
    planted = Planted(storage, make_spec())
    study = dynstudy.open(storage)["small"]
    before = study.map().replicates.sum()
    planted.put(planted.cell(amplitude=30.0, period=10), spread(rng, 0.5, 2))
    assert (before, study.map().replicates.sum()) == (0, 2)


def test_of_a_study_in_rounds_the_replicates_that_were_asked_for_are_read(
    storage: Storage, make_spec: SpecMaker
) -> None:
    dynstudy.run(make_spec(replicates={"min": 6, "max": 9}), storage=storage)
    study = dynstudy.open(storage)["small"]
    cells, networks = study.map(), study.replicates()
    counts = networks.groupby("ledger_configuration").size()
    assert cells.set_index("ledger_configuration").replicates.to_dict() == counts.to_dict()
    for _, row in cells.iterrows():
        assert study.series(row).index.levels[0].size == row.replicates
    assert study.state == "complete"
