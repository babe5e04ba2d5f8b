"""Pictures are what they are, whatever the user's settings of Matplotlib and plotly."""

import ast
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import plotly.io as pio
import pytest

from dynstudy.analysis.regime_map import RegimeMap, regime_map
from dynstudy.pictures.accuracy import search_figure
from dynstudy.pictures.class_curves import curve_figure, trace_figure
from dynstudy.pictures.interactive.menu import interactive_figure
from dynstudy.pictures.regime_map import regime_figure, save_map, study_figure
from dynstudy.pictures.style import save
from dynstudy.store.studies import Storage
from tests.command import process, python
from tests.conftest import ROOT
from tests.pictures.test_class_curves import traced

SETTINGS: dict[str, Any] = {
    "axes.grid": True,
    "axes.prop_cycle": mpl.cycler(color=["red"]),
    "axes.titlesize": 40,
    "figure.dpi": 31,
    "figure.facecolor": "black",
    "font.family": "serif",
    "font.size": 31,
    "image.cmap": "gray",
    "lines.linewidth": 9,
    "savefig.bbox": "tight",
    "savefig.dpi": 31,
    "savefig.transparent": True,
    "xtick.labelsize": 31,
}


def one_network() -> pd.DataFrame:
    return traced(60)[lambda frame: frame.seed == 0]


DRAWN: dict[str, Callable[[Storage], Any]] = {
    "map": lambda storage: study_figure(regime_map(storage, "small")),
    "regimes": lambda storage: regime_figure(regime_map(storage, "small")),
    "trace": lambda _: trace_figure(traced(60), 10, 40, "a title"),
    "curve": lambda _: curve_figure(one_network(), "a title"),
}


def pixels(drawn: Callable[[Storage], Any], storage: Storage, path: Path) -> bytes:
    return save(drawn(storage), path).read_bytes()


@pytest.mark.parametrize("name", DRAWN)
def test_what_is_set_in_the_session_changes_no_picture(
    name: str, studied: Storage, tmp_path: Path
) -> None:
    plain = pixels(DRAWN[name], studied, tmp_path / "a.png")
    with mpl.rc_context(SETTINGS):
        before = dict(mpl.rcParams)
        assert pixels(DRAWN[name], studied, tmp_path / "a.png") == plain
        assert dict(mpl.rcParams) == before
    with plt.style.context("dark_background"):
        assert pixels(DRAWN[name], studied, tmp_path / "a.png") == plain


def test_drawing_leaves_the_figures_of_the_session_alone(studied: Storage, tmp_path: Path) -> None:
    backend = mpl.get_backend()
    theirs = plt.figure()
    try:
        save_map(regime_map(studied, "small"), tmp_path / "map.png")
        assert plt.get_fignums() == [theirs.number]
        assert plt.gcf() is theirs
        assert mpl.get_backend() == backend
    finally:
        plt.close(theirs)


def test_a_search_is_drawn_the_same(study_map: RegimeMap, tmp_path: Path) -> None:
    plain = save(search_figure(study_map), tmp_path / "a.png").read_bytes()
    with mpl.rc_context(SETTINGS):
        assert save(search_figure(study_map), tmp_path / "a.png").read_bytes() == plain


def test_the_environment_and_files_of_settings_change_no_picture(
    studied: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notebook's window is asked for by all its children, which may not have it."""
    plain = save_map(regime_map(studied, "small"), tmp_path / "a.png").read_bytes()
    settings = "backend: nonsense\naxes.grid: True\nfont.size: 31\nsavefig.dpi: 31\n"
    (tmp_path / "matplotlibrc").write_text(settings)
    monkeypatch.setenv("MPLBACKEND", "module://not_installed.backend_inline")
    storage = studied.optuna.url
    python(tmp_path, "-m", "dynstudy", "map", "small", "--storage", storage, "--out", ".")
    assert (tmp_path / "small.png").read_bytes() == plain


@pytest.mark.parametrize("asked", ["", "svg", "module://not_installed.backend_inline"])
def test_the_session_gets_the_window_that_it_asked_for(
    asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPLBACKEND", asked)
    code = (
        "import os, dynstudy.pictures, matplotlib\n"
        "print(os.environ['MPLBACKEND'], matplotlib.rcParams._get('backend') == 'svg')"
    )
    assert python(tmp_path, "-c", code).split() == [*asked.split(), str(asked == "svg")]


def test_plotly_s_template_changes_no_figure(
    studied: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    study_map = regime_map(studied, "small")
    plain = interactive_figure(study_map).to_json()
    monkeypatch.setattr(pio.templates, "default", "plotly_dark")
    assert interactive_figure(study_map).to_json() == plain


def drawers(path: Path) -> list[tuple[str, bool]]:
    """The public functions of a module that return a figure of Matplotlib's; whether plainly."""
    return [
        (node.name, "plainly" in map(ast.unparse, node.decorator_list))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
        and node.returns is not None
        and ast.unparse(node.returns) == "Figure"
        and not node.name.startswith("_")
    ]


def test_every_picture_is_drawn_plainly() -> None:
    files = (ROOT / "dynstudy" / "pictures").glob("*.py")
    drawn = [pair for path in files for pair in drawers(path)]
    assert len(drawn) > 7
    assert [name for name, plain in drawn if not plain] == []


def test_settings_that_are_no_text_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_bytes(b"\xff\xfe: \xff")
    with process(tmp_path, sys.executable, "-c", "import dynstudy.pictures") as command:
        status, _, err = command.ends()
    assert status == 1
    assert "DynstudyError: Matplotlib cannot read its settings, a matplotlibrc: " in err
