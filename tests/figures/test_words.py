"""Every word of a figure is one that can be drawn, and the other way round."""

from pathlib import Path

from dynstudy import figures
from dynstudy.figures.paper_figure import Choices, PaperFigure
from dynstudy.figures.words import Figure


def test_a_figure_is_a_file_that_has_its_word() -> None:
    files = {path.stem for path in Path(figures.__path__[0]).glob("fig*.py")}
    assert files == set(Figure)
    for name in Figure:
        assert PaperFigure.of(name).takes <= vars(Choices()).keys()
