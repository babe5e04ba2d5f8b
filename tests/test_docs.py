"""Docs made from the code are what it makes now, and their examples are valid."""

import pkgutil
import re
import shlex
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel
from typer.main import get_command

from benchmarks.bifurcations import Passage
from docs import atlas_tables, instability_tables, results_pictures, results_tables
from docs.bifurcation_picture import lags_figure
from docs.generate import COMMANDS, SCHEMA, STUDY_FILE, generated, page_file
from dynstudy.analysis.association import COLUMNS
from dynstudy.cli import EXAMPLES, app, each_command
from dynstudy.section import Section
from dynstudy.statistics.columns import names
from dynstudy.store.tables import Base
from dynstudy.study.kinds import KINDS
from dynstudy.study.shipped import shipped_file
from tests.conftest import ROOT
from tests.png import title_of

CALLED: dict[str, Any] = each_command(get_command(app))
SHARED = {"__init__", "every_command", "launching", "options", "pages", "session", "streams"}
LINES = [(name, line) for name, lines in EXAMPLES.items() for line in lines]


def test_what_is_made_from_the_code_is_up_to_date() -> None:
    made = generated()
    for path in {*made, *COMMANDS.glob("*.md")}:
        name = path.relative_to(ROOT)
        assert path in made, f"{name} is of no command: run `make docs`"
        assert path.exists(), f"{name} is missing: run `make docs`"
        assert path.read_text(encoding="utf-8") == made[path], f"{name} is stale: run `make docs`"


def test_pictures_of_results_are_of_the_runs_that_the_page_lists() -> None:
    files = {path.name for path in results_tables.FOLDER.glob("*.png")}
    studies = results_pictures.drawn()
    figures = {f"{name}-{name}.png": name for name in results_pictures.figures()}
    assert studies.keys() | figures.keys() == files - {"fig3a-data-sets.png"}
    for file, name in figures.items():
        assert title_of(results_tables.FOLDER / file) == name
    for file, study_map in studies.items():
        assert title_of(results_tables.FOLDER / file) == study_map.spec.name
        losses = study_map.frame.groupby(["loss", "amplitude", "period", "width"], dropna=False)
        assert {cell.configuration.loss for cell in study_map.spec.grid_cells()} == set(
            study_map.frame.loss
        )
        assert len(list(study_map.spec.grid_cells())) == len(losses) == len(study_map.frame)


def test_pictures_and_tables_of_instability_are_of_the_runs_that_results_lists() -> None:
    """Curvature was read of the very networks of the maps: their digests are the same."""
    page = (ROOT / "docs" / "instability.md").read_text(encoding="utf-8")
    results = results_tables.PAGE.read_text(encoding="utf-8")
    digests = re.findall(r"\| `([\w-]+)` \|.*`([0-9a-f]{64})` \|", page)
    assert len(digests) == 2
    for name, digest in digests:
        assert re.search(rf"\| `{name}` \|.*`{digest}` \|", results)
        for what in ("instability", "association"):
            picture = instability_tables.FOLDER / f"{name}-{what}.png"
            assert title_of(picture) == name
            assert f"instability/{picture.name}" in page
    (table, _) = instability_tables.FOLDER.glob("*-association.csv")
    assert list(pd.read_csv(table).columns) == names(COLUMNS)


def test_pictures_of_bifurcations_are_on_their_page() -> None:
    page = (ROOT / "docs" / "bifurcations.md").read_text(encoding="utf-8")
    folder = ROOT / "docs" / "bifurcations"
    pictures = re.findall(r"\(bifurcations/([\w-]+\.png)\)", page)
    assert set(pictures) == {path.name for path in folder.iterdir()}
    assert title_of(folder / "lags.png") == "bifurcations"
    frame = pd.read_csv(results_tables.FOLDER / "bifurcations.csv")
    assert list(frame) == list(Passage.__annotations__)
    left, right = lags_figure(frame).axes
    for axis, name in ((left, "second"), (right, "multiplier")):
        drawn = sum(patch.get_height() for patch in axis.patches)
        assert drawn == (frame.period4 - frame[name]).notna().sum()  # none is left out


def test_pictures_and_tables_of_atlases_are_of_what_their_page_says() -> None:
    page = (ROOT / "docs" / "atlas.md").read_text(encoding="utf-8")
    pictures = re.findall(r"\(atlas/([\w-]+\.png)\)", page)
    assert set(pictures) == {path.name for path in atlas_tables.FOLDER.glob("*.png")}
    assert title_of(atlas_tables.FOLDER / "atlas.png") == "atlas"
    frame = atlas_tables.read("boundary")
    for _, way in frame.groupby(["width", "rates", "seed", "dtype"]):
        assert way.zoom.tolist() == list(range(len(way)))
        for axis in ("amplitude", "learning_rate"):  # each zoom lies within the atlas before it
            assert (np.diff(way[f"{axis}_low"]) > 0).all()
            assert (np.diff(way[f"{axis}_high"]) < 0).all()
    drawn = atlas_tables.scales_figure(frame).axes
    assert len(drawn) == len(frame.groupby(["width", "rates"]))
    # the mean dimension of the coarsest pair of distances, by its definition
    (_, first), *_ = frame[frame.dtype == "float64"].groupby(["width", "rates"])
    widest = first[first.zoom == 0]
    of_draws = 2 - np.log2(widest.pairs_4 / widest.pairs_2)
    line = drawn[0].get_lines()[0]
    assert line.get_ydata()[0] == pytest.approx(of_draws.mean())


def test_every_command_has_a_page_with_all_its_options_and_an_example() -> None:
    for name, command in CALLED.items():
        page = (COMMANDS / page_file(name)).read_text(encoding="utf-8")
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert f"`{parameter.opts[0]}`" in page
                assert parameter.help, f"{name} {parameter.opts[0]} has no help"
        assert "## Examples" in page, f"give {name} an example in its file"
        assert f"$ dynstudy {name} " in page
    folder = ROOT / "dynstudy" / "cli"
    files = {
        " ".join(path.relative_to(folder).with_suffix("").parts) for path in folder.rglob("*.py")
    }
    assert [*EXAMPLES] == [*CALLED]
    assert set(EXAMPLES) == {file for file in files - SHARED if not file.endswith(" __init__")}


@pytest.mark.parametrize(("name", "line"), LINES, ids=[line for _, line in LINES])
def test_an_example_is_what_the_command_takes(name: str, line: str) -> None:
    program, *words = shlex.split(line)
    called, arguments = words[: len(name.split())], words[len(name.split()) :]
    assert (program, " ".join(called)) == ("dynstudy", name)
    context = CALLED[name].make_context(name, arguments)  # fails on what it does not know
    assert context.params
    for word in arguments:
        if name == "run" and word.endswith(".toml"):
            assert shipped_file(word).exists()


def test_every_table_and_column_says_what_it_means() -> None:
    text = SCHEMA.read_text(encoding="utf-8")
    for table in Base.metadata.sorted_tables:
        assert f"### `{table.name}`" in text
        for column in table.columns:
            assert column.doc, f"{table.name}.{column.name} has no doc="
            assert column.doc.replace("|", "\\|") in text


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The tables that a value may be, and those within them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models(field.annotation)
    for each in get_args(annotation):
        yield from models(each)


SECTIONS = dict.fromkeys(
    model for where in KINDS.values() for model in models(pkgutil.resolve_name(where))
)  # in an order that is the same in every process


@pytest.mark.parametrize("model", SECTIONS, ids=lambda model: model.__name__)
def test_every_key_of_a_study_file_says_what_it_is(model: type[BaseModel]) -> None:
    page = STUDY_FILE.read_text(encoding="utf-8")
    for key, field in model.model_fields.items():
        assert field.description, f"{model.__name__}.{key}: give its Field a description"
        if get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1:
            (word,) = get_args(field.annotation)  # which of several forms a table has
            heading = rf'# `{key} = "{word}"`\n\n{said(field.description)}\.'
            written = rf"({heading}|\| `{key}` \| .* \| {re.escape(field.description)} \|\n)"
        elif any(issubclass(each, Section) for each in models(field.annotation)):
            written = rf"# `\[[\w.]*{key}\]`\n\n{said(field.description)}\."
        else:
            written = rf"\| `{key}` \| .* \| {re.escape(field.description)} \|\n"
        assert re.search(written, page), written


def said(description: str) -> str:
    return re.escape(description[0].upper() + description[1:])


def test_what_is_installed_says_that_it_has_types() -> None:
    assert files("dynstudy").joinpath("py.typed").is_file()
