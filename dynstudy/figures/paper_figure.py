"""What a figure of the paper is: how it is drawn from a study, and what of a person's it takes."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from dynstudy.errors import DynstudyError
from dynstudy.figures.words import Figure
from dynstudy.pictures.style import save
from dynstudy.report.rows import Rows
from dynstudy.report.safe_files import check_folder, file_stem, write_rows, write_whole
from dynstudy.search.one_cell import named_trial
from dynstudy.store.studies import Storage

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

PICTURES, NUMBERS = (".png", ".pdf"), ".csv"
SUFFIXES = (*PICTURES, NUMBERS)


@dataclass(frozen=True)
class Choices:
    """What a person chose of a study; None where nothing was said. Each is an option."""

    amplitude: float | None = None
    period: int | None = None
    more: tuple[str, ...] | None = None  # studies, after the first one: these are no option
    seed: int | None = None
    oscillations: int | None = None
    at: tuple[int, ...] | None = None
    backend: str | None = None


@dataclass(frozen=True)
class DrawnFigure:
    """A figure of a study."""

    drawing: "Drawing"
    rows: Rows  # that are printed
    numbers: Rows | pd.DataFrame  # in the picture, for its CSV
    notes: tuple[str, ...] = ()  # that a reader of the rows has to know


@dataclass(frozen=True)
class PaperFigure:
    """How a figure is drawn.

    `draw` takes a database, what it is drawn from (a study's name, or what else the command was
    given), and the choices, all None but those that it `takes`; what it cannot draw is a
    `DynstudyError`. One that is drawn `of_files`, too, gets no database with a study file.
    """

    draw: Callable[[Any, str, Choices], DrawnFigure]  # Any: a `Storage`, or None
    takes: frozenset[str] = frozenset()  # names of `Choices`
    of_files: bool = False

    @classmethod
    def of(cls, name: Figure) -> "PaperFigure":
        """Return the figure of a name."""
        figure: PaperFigure = import_module(f"dynstudy.figures.{name}").FIGURE
        return figure


def of_file(name: Figure, target: str) -> bool:
    """Whether a figure is to be drawn from a study file, instead of a study of a database."""
    return PaperFigure.of(name).of_files and Path(target).suffix == ".toml"


def draw_figure(
    storage: Storage | None, name: Figure, target: str, choices: Choices
) -> DrawnFigure:
    """Return a figure, drawn; from a study file without a database.

    Raises:
        DynstudyError: it takes no such choice, or nothing can be drawn of what it is given.
    """
    figure = PaperFigure.of(name)
    if choices.more and "more" not in figure.takes:
        raise DynstudyError(f"{name} is drawn from one study, not from {1 + len(choices.more)}")
    chosen = (option for option, value in asdict(choices).items() if value is not None)
    for option in chosen:
        if option not in figure.takes:
            raise DynstudyError(f"{name} takes no --{option}; leave it out")
    return figure.draw(storage, target, choices)


def figure_files(figure: Figure, name: str, out: Path) -> tuple[Path, ...]:
    """The files that a figure of a study is written to, which are found to be writable.

    Returns:
        `out`, whose suffix says what it is, or a PNG and a CSV in it where it is a folder.

    Raises:
        DynstudyError: no figure can be written as such a file.

    >>> [str(path) for path in figure_files(Figure.fig3, "fig3a", Path("results"))]
    ['results/fig3a-fig3.png', 'results/fig3a-fig3.csv']
    """
    if out.suffix.lower() in SUFFIXES and not out.is_dir():
        paths: tuple[Path, ...] = (out,)
    elif out.suffix and not out.is_dir():
        ends = f"{', '.join(PICTURES)} or {NUMBERS}"
        raise DynstudyError(f"--out {out}: must be a folder, or a file that ends in {ends}")
    else:
        stem = out / f"{_stem(figure, name)}-{figure}"
        paths = tuple(Path(f"{stem}{suffix}") for suffix in (PICTURES[0], NUMBERS))
    for path in paths:
        check_folder(path)
    return paths


def _stem(figure: Figure, target: str) -> str:
    """A name for files of a study, of a trial STUDY#NUMBER, or of a study file."""
    if of_file(figure, target):
        return file_stem(Path(target).stem)
    trial = named_trial(target) if PaperFigure.of(figure).of_files else None
    return file_stem(target) if trial is None else f"{file_stem(trial[0])}-{trial[1]}"


def write_figure(drawn: DrawnFigure, paths: tuple[Path, ...], title: str) -> None:
    """Write a figure to files, each as its suffix says; `title` is kept in a picture."""
    for path in paths:
        if path.suffix.lower() == NUMBERS:
            write_rows(drawn.numbers, path)
        else:
            write_whole(path, lambda whole: save(drawn.drawing, whole, title))
