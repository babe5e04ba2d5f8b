"""A map as a person takes it away: on a terminal, and as files."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dynstudy.analysis.comparison import side_by_side
from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.pictures.accuracy import width_figure
from dynstudy.pictures.style import save
from dynstudy.report.across_studies import short_comparison
from dynstudy.report.gain_grids import headline
from dynstudy.report.map_text import print_map, write_map
from dynstudy.report.overview import overview, print_overview
from dynstudy.report.rows import frame_rows, print_rows, to_csv
from dynstudy.report.words import Format
from dynstudy.statistics.columns import MAP, names
from dynstudy.store.studies import Storage
from tests.planted import Planted, SearchMaker, SpecMaker, plant, plant_search, spread
from tests.png import title_of


def test_a_grid_that_is_wider_than_a_terminal_is_left_to_the_picture(
    storage: Storage, make_spec: SpecMaker
) -> None:
    amplitudes = {"low": 3, "high": 30, "num": 41}
    space = {"learning_rate": 1.0, "amplitude": amplitudes, "period": [10, 15], "width": 5}
    Planted(storage, make_spec(replicates=10, space=space))
    text = io.StringIO()
    print_map(regime_map(storage, "small"), text)
    assert "T \\ A" not in text.getvalue()
    assert "see the picture and the CSV" in text.getvalue()
    assert "82 dynamical cells" in text.getvalue()


def test_wherever_the_best_of_many_is_shown_it_is_said_to_be_flattered(
    storage: Storage, make_spec: SpecMaker, make_search: SearchMaker
) -> None:
    plant(storage, make_spec(replicates=6))
    plant_search(storage, make_search())
    study_map, notes = regime_map(storage, "small"), regime_map(storage, "search").notes
    printed, shown = io.StringIO(), io.StringIO()
    print_map(study_map, printed)
    print_overview(overview(storage, "small"), Format.table, shown)
    for text in (printed.getvalue(), shown.getvalue(), study_map.caption(), " ".join(notes)):
        assert "the best of many is flattered" in " ".join(text.split())


def test_what_was_not_tested_is_nowhere_counted_as_none(
    storage: Storage, make_spec: SpecMaker
) -> None:
    """Of 3 replicates a cell the map said `0 forget`, its picture `0 of 4 cells useful`."""
    plant(storage, make_spec(loss=["dce", "dmse1"], replicates=3))
    study_map = regime_map(storage, "small")
    printed = io.StringIO()
    print_map(study_map, printed)
    assert "4 dynamical cells: 4 untested\n" in printed.getvalue()
    assert study_map.headline().startswith("8 dynamical cells, all untested; the largest gain, of")
    for row in short_comparison(side_by_side(storage, ["small"])):
        assert [row[column] for column in ("useful", "harmful", "forget")] == ["untested", "", ""]


def test_what_was_tested_in_part_is_counted_so(storage: Storage, make_spec: SpecMaker) -> None:
    plant(storage, make_spec(replicates=6))
    study_map = regime_map(storage, "small")
    frame = study_map.frame.tail(2).assign(regime=["useful", "untested"], forgets=[True, None])
    assert headline(frame).startswith("2 dynamical cells: 1 useful, 1 untested; 1 forget\n")
    assert "1 of 2 dynamical cells useful, 1 untested" in replace(study_map, frame=frame).headline()


def test_every_map_can_be_printed_drawn_and_read_back(any_map: RegimeMap, tmp_path: Path) -> None:
    with (tmp_path / "out.txt").open("w") as out:
        print_map(any_map, out)
        for form in Format:
            print_rows(frame_rows(any_map.frame), form, out)
    printed = (tmp_path / "out.txt").read_text()
    assert "dce, width 5" in printed
    assert "conditional on the training spiral of seed 0" in printed
    picture, table = write_map(any_map, tmp_path)
    assert title_of(picture) == "small"
    read = pd.read_csv(table)
    assert list(read.columns) == names(MAP)
    np.testing.assert_allclose(
        read.val_accuracy, any_map.frame.val_accuracy.astype(float), rtol=1e-12
    )
    assert to_csv(any_map.frame).splitlines()[2].split(",")[4].isdecimal()  # a whole period
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix in {".png", ".csv"}) == [
        "small.csv",
        "small.png",
    ]


@pytest.mark.parametrize("name", [r"a$\frac$", "🌀", "[bold]"])
def test_a_name_that_looks_like_mathematics_or_has_no_glyph_is_drawn(
    name: str, storage: Storage, make_spec: SpecMaker, tmp_path: Path
) -> None:
    spec = make_spec(name=name)
    Planted(storage, spec)
    assert title_of(write_map(regime_map(storage, spec.name), tmp_path)[0]) == name


def test_a_map_of_one_amplitude_and_period_is_drawn_over_width(
    storage: Storage, make_spec: SpecMaker, tmp_path: Path, rng: np.random.Generator
) -> None:
    space = {"learning_rate": 1.0, "amplitude": 3, "period": 10, "width": [5, 9, 20]}
    plant = Planted(storage, make_spec(loss=["ce", "dce"], space=space))
    for cell in plant.spec.grid_cells():
        plant.put(cell, spread(rng, 0.5, cell.replicates))
    study_map = regime_map(storage, "small")
    figure = width_figure(study_map)
    (axis,) = figure.axes
    assert axis.get_xlabel() == "width (hidden units)"
    curves = {curve.get_label(): curve.lines[0] for curve in axis.containers}
    assert list(curves) == ["CE, static", "DCE, A = 3, T = 10"]
    for curve in curves.values():
        assert curve.get_xdata().tolist() == [5, 9, 20]
    picture, _ = write_map(study_map, tmp_path)
    assert picture.read_bytes() == save(figure, tmp_path / "own.png", "small").read_bytes()
