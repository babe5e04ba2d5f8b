"""What a study's page carries, and that publishing it again refreshes it in place."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import optuna_dashboard
import plotly.graph_objects as go
import pytest
from optuna_dashboard._custom_plot_data import get_plotly_graph_objects
from sklearn.gaussian_process import GaussianProcessRegressor

import dynstudy
from dynstudy.analysis import regime_map as regime_map_module
from dynstudy.analysis.boundaries import find_boundaries
from dynstudy.analysis.regime_map import regime_map
from dynstudy.dashboard import page
from dynstudy.dashboard.page import atlas_page, map_page, publish, published, search_page
from dynstudy.errors import DynstudyError, StudyNotFoundError
from dynstudy.pictures.interactive.atlas_tiles import TILES_FIGURE
from dynstudy.report.map_text import write_map
from dynstudy.report.rows import to_csv
from dynstudy.store.rename_note_tag import NOTE
from dynstudy.store.studies import Storage
from dynstudy.study.study_file import load_spec
from tests.planted import SearchMaker, SpecMaker, plant, plant_instability, plant_search
from tests.planted_atlas import plant_atlas, small_atlas


@pytest.fixture
def planted(storage: Storage, make_spec: SpecMaker) -> Storage:
    plant(storage, make_spec())
    return storage


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "studies.artifacts"


def attributes(storage: Storage) -> dict[str, Any]:
    return storage.optuna.get_study_system_attrs(1)


def files(storage: Storage) -> dict[str, str]:
    """Identifiers of the artifacts by their names, as the dashboard lists them."""
    metas = [json.loads(v) for k, v in attributes(storage).items() if k.startswith("artifacts:")]
    identifiers = {meta["filename"]: meta["artifact_id"] for meta in metas if meta}
    assert len(identifiers) == sum(meta is not None for meta in metas)
    return identifiers


def note(storage: Storage) -> str:
    return optuna_dashboard.get_note(storage.study("small"))


def test_published_again_it_has_the_same_identifiers_and_nothing_piles_up(
    planted: Storage, folder: Path
) -> None:
    assert not published(planted, "small")
    publish(planted, "small")
    assert published(planted, "small")
    before, names = attributes(planted), sorted(folder.iterdir())
    publish(planted, "small")
    assert attributes(planted) == before
    assert sorted(folder.iterdir()) == names
    assert {path.name for path in names} == set(files(planted).values())


def test_files_are_what_the_map_command_writes(
    planted: Storage, folder: Path, make_spec: SpecMaker, tmp_path: Path
) -> None:
    publish(planted, "small")
    stored = {name: folder / identifier for name, identifier in files(planted).items()}
    assert stored["cells.csv"].read_text() == to_csv(regime_map(planted, "small").frame)
    (tmp_path / "own").mkdir()
    picture, _ = write_map(regime_map(planted, "small"), tmp_path / "own")
    assert stored["map.png"].read_bytes() == picture.read_bytes()
    assert stored["boundaries.csv"].read_text() == to_csv(
        find_boundaries(regime_map(planted, "small"))
    )
    assert load_spec(stored["study.toml"]) == make_spec()


def test_a_page_reads_its_map_once_and_fits_each_panel_once(
    storage: Storage, make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For its figures, its picture and its boundaries."""
    space = {"learning_rate": 1.0, "amplitude": [3, 30], "period": [10, 30], "width": [5, 9]}
    plant(storage, make_spec(space=space))
    calls = []
    for module, name in (
        (page, "regime_map"),
        (regime_map_module, "fit_panel"),
        (GaussianProcessRegressor, "fit"),
    ):
        original = getattr(module, name)

        def counted(*given: Any, name: str = name, original: Any = original, **more: Any) -> Any:
            calls.append(name)
            return original(*given, **more)

        monkeypatch.setattr(module, name, counted)
    publish(storage, "small")
    assert Counter(calls) == {"regime_map": 1, "fit_panel": 2, "fit": 2}


def test_a_figure_that_became_smaller_is_read_whole(
    planted: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(planted, "small")
    study = planted.study("small")
    key = "dashboard:plot_data:width-accuracy:"
    for number in range(50):
        planted.optuna.set_study_system_attr(1, f"{key}{number}", "x" * 2045)
    publish(planted, "small")
    pieces = {k: v for k, v in attributes(planted).items() if k.startswith(key)}
    text = "".join(pieces[f"{key}{number}"] for number in range(len(pieces)))
    assert json.loads(text)["data"]
    assert study.user_attrs.keys() == {"dynstudy:spec"}


def test_a_figure_is_written_once_and_in_one_piece(
    planted: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Piece by piece, each in a transaction, those of a large map took long."""
    written: list[str] = []
    to_json = go.Figure.to_json
    monkeypatch.setattr(
        go.Figure, "to_json", lambda self: written.append(to_json(self)) or written[-1]
    )
    publish(planted, "small")
    kept = {k: v for k, v in attributes(planted).items() if k.startswith("dashboard:plot_data:")}
    assert len(kept) == 2
    assert sorted(kept.values()) == sorted(get_plotly_graph_objects(kept).values())
    assert sorted(kept.values()) == sorted(written)


def test_the_note_says_what_the_map_found(planted: Storage) -> None:
    publish(planted, "small")
    best = regime_map(planted, "small").dynamical_cells().gain.max()
    plain = note(planted).replace("\\", "")
    assert f"largest gain {best:+.3f}" in plain
    assert "DCE, width 5, learning rate 1 (static ce: " in plain
    assert "2 replicates a cell: below 6 nothing is tested" in plain


def test_the_users_note_stands_on_top(planted: Storage) -> None:
    planted.study("small").set_user_attr(NOTE, "Look at the corner.")
    publish(planted, "small")
    assert note(planted).startswith("Look at the corner.\n")
    planted.study("small").set_user_attr(NOTE, "No, at the edge.")
    publish(planted, "small")
    assert note(planted).startswith("No, at the edge.\n")
    assert "corner" not in note(planted)


def test_nothing_that_was_written_into_the_page_is_lost(planted: Storage) -> None:
    study = planted.study("small")
    optuna_dashboard.save_note(study, "Before all.")
    publish(planted, "small")
    assert note(planted).startswith("Before all.\n")
    optuna_dashboard.save_note(study, "Edited. " + note(planted))
    study.set_user_attr(NOTE, "From the command line.")
    publish(planted, "small")
    assert note(planted).startswith("From the command line.\n\nEdited. Before all.\n")
    assert planted.study("small").user_attrs[NOTE] == (
        "From the command line.\n\nEdited. Before all."
    )
    assert note(planted).count("## What was found") == 1


def test_what_breaks_half_way_is_not_taken_for_published(planted: Storage, tmp_path: Path) -> None:
    publish(planted, "small")
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(DynstudyError, match="taken: is a file, not a folder to write to"):
        publish(planted, "small", tmp_path / "taken")
    assert not published(planted, "small")


@pytest.mark.parametrize("minimize", [{}, {"minimize": "width"}])
def test_a_search_has_its_trials_over_width_and_schedule(
    minimize: dict[str, str], storage: Storage, make_search: SearchMaker
) -> None:
    storage.open_study(make_search(**minimize))
    publish(storage, "search")  # nothing is trained yet
    dynstudy.run(make_search(**minimize), storage=storage)
    publish(storage, "search")
    study = storage.study("search")
    page = search_page(regime_map(storage, "search"), [])
    assert list(page.figures) == ["width-accuracy", "schedule-accuracy"]
    points, front = page.figures["width-accuracy"].data
    accuracies = sorted(trial.values[0] for trial in study.trials)
    assert sorted(points.y) == pytest.approx(accuracies)
    assert max(front.y) == pytest.approx(accuracies[-1])
    assert page.headline[0].startswith(f"{accuracies[-1]:.3f} ±")
    assert set(files(storage)) == {"study.toml", "search.png", "cells.csv"}
    note = optuna_dashboard.get_note(study)
    assert "8 trials of 2 networks" in note.replace("\\", "")


def test_the_page_of_a_search_for_gain_names_what_gains_most(
    storage: Storage, make_search: SearchMaker
) -> None:
    plant_search(storage, make_search(maximize="gain"))
    study_map = regime_map(storage, "search")
    best = study_map.ranked().iloc[0]
    first = search_page(study_map, []).headline[0]
    assert first.startswith(f"gain {best.gain:+.3f} [")
    assert f"], accuracy {best.val_accuracy:.3f} ± " in first


def test_a_study_without_any_cell_has_a_page(storage: Storage, make_spec: SpecMaker) -> None:
    storage.open_study(make_spec())
    publish(storage, "small")
    assert published(storage, "small")
    assert "5 of 5 cells are not trained" in note(storage)


def test_a_study_that_is_not_there_is_said_to_be(storage: Storage) -> None:
    with pytest.raises(StudyNotFoundError):
        publish(storage, "absent")


def test_a_map_with_curvature_has_one_figure_of_its_instabilities(storage: Storage) -> None:
    plant_instability(storage)
    shown = map_page(regime_map(storage, "small"), [])
    assert list(shown.figures) == ["map-dce-width00005-rate1", "measures", "width-accuracy"]
    (menu,) = shown.figures["measures"].layout.updatemenus
    assert len(menu.buttons) == 4


def test_an_atlas_has_its_tiles_and_says_what_came_out_in_a_line(
    storage: Storage, folder: Path
) -> None:
    plant_atlas(storage, small_atlas())
    publish(storage, "atlas")
    before = attributes(storage)
    assert json.loads(before["dynstudy:contents"])["figures"] == [TILES_FIGURE]
    assert sorted(files(storage)) == ["cells.csv", "map.png", "study.toml"]
    words = optuna_dashboard.get_note(storage.study("atlas"))
    assert "An atlas of DCE" in words
    assert r"4 tiles\: " in words
    assert "largest gain" in words
    publish(storage, "atlas")
    assert attributes(storage).keys() == before.keys()


def test_more_tiles_than_a_figure_can_show_are_left_to_the_pixels(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_atlas(storage, small_atlas())
    monkeypatch.setattr(page, "MOST_TILES", 3)
    assert atlas_page(regime_map(storage, "atlas"), []).figures == {}
