"""What all figures have in common: their files, and what a person chooses."""

from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure as Drawing

from dynstudy.errors import DynstudyError
from dynstudy.figures import fig3
from dynstudy.figures.paper_figure import (
    Choices,
    DrawnFigure,
    PaperFigure,
    draw_figure,
    figure_files,
    write_figure,
)
from dynstudy.figures.words import Figure
from dynstudy.store.studies import Storage
from tests.png import title_of

DRAWING = Drawing()
DRAWING.text(0.5, 0.5, "a figure")
DRAWN = DrawnFigure(DRAWING, [{"width": 5}], [{"width": 5, "mean": 0.5}])


@pytest.mark.parametrize(
    ("suffix", "begins"),
    [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".PDF", b"%PDF"), (".csv", b"width,mean\n5,0.5\n")],
)
def test_the_suffix_says_what_is_written(suffix: str, begins: bytes, tmp_path: Path) -> None:
    paths = figure_files(Figure.fig3, "a$b", tmp_path / f"figure{suffix}")
    write_figure(DRAWN, paths, "a$b")
    (path,) = paths
    assert path.name == f"figure{suffix}"
    assert path.read_bytes().startswith(begins)


def test_a_folder_gets_a_picture_and_its_numbers_named_after_the_study(tmp_path: Path) -> None:
    for folder in (tmp_path / "new", tmp_path / "v1.2"):
        if folder.suffix:
            folder.mkdir()  # else it may be a file of a format that there is not
        paths = figure_files(Figure.fig3, "small", folder)
        assert paths == (folder / "small-fig3.png", folder / "small-fig3.csv")
        write_figure(DRAWN, paths, "small")
        assert sorted(folder.iterdir()) == sorted(paths)
        assert title_of(paths[0]) == "small"


def test_what_cannot_be_written_is_said_before_anything_is_drawn(tmp_path: Path) -> None:
    with pytest.raises(DynstudyError, match=r"must be a folder, or a file that ends in .png, "):
        figure_files(Figure.fig3, "small", tmp_path / "x.svg")
    (tmp_path / "file").touch()
    with pytest.raises(DynstudyError, match="is a file, not a folder to write to"):
        figure_files(Figure.fig3, "small", tmp_path / "file" / "x.png")


def test_a_choice_that_a_figure_does_not_take_is_refused(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def draw(*arguments: Any) -> DrawnFigure:
        asked.append(arguments)
        return DRAWN

    monkeypatch.setattr(fig3, "FIGURE", PaperFigure(draw, frozenset({"period"})))
    assert draw_figure(storage, Figure.fig3, "small", Choices(period=10)) is DRAWN
    assert asked == [(storage, "small", Choices(period=10))]
    with pytest.raises(DynstudyError, match="fig3 takes no --amplitude; leave it out"):
        draw_figure(storage, Figure.fig3, "small", Choices(amplitude=3))
