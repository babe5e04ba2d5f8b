"""Each kind is whole, and a fourth one, added in one file, is everywhere it should be."""

import pkgutil
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import optuna
import optuna_dashboard
import pytest
import tomli_w
import typer
from pydantic import Field
from typer.testing import CliRunner

from dynstudy.analysis import regime_map as analysis
from dynstudy.analysis.regime_map import regime_map
from dynstudy.cli import app
from dynstudy.cli import list as cli_list
from dynstudy.config import Cell, Configuration
from dynstudy.dashboard import page
from dynstudy.dashboard.page import publish
from dynstudy.errors import DynstudyError, SpecError, StudyMismatchError
from dynstudy.figures.fig3 import over_width
from dynstudy.launch import runner
from dynstudy.launch.run_map import run_map
from dynstudy.launch.runner import run
from dynstudy.measure.measures import reads
from dynstudy.pictures import regime_map as pictures
from dynstudy.pictures.accuracy import search_figure
from dynstudy.report import map_text
from dynstudy.report.listing import list_rows
from dynstudy.section import Section
from dynstudy.store.studies import Storage
from dynstudy.study.kinds import KINDS
from dynstudy.study.rounds import counted
from dynstudy.study.spec import StudySpec
from dynstudy.study.study_file import load_spec
from tests.planted import SMALL

REGISTRIES: tuple[dict[str, Any], ...] = (
    runner.RUNS,
    page.PAGES,
    pictures.PICTURES,
    map_text.TEXTS,
)
"""What every kind has to be in; `analysis.PREDICTIONS` is for those that predict."""


def test_every_kind_is_registered_wherever_it_has_a_part() -> None:
    for registry in REGISTRIES:
        assert registry.keys() == KINDS.keys()
    assert analysis.PREDICTIONS.keys() <= KINDS.keys()
    for name, home in KINDS.items():
        model = pkgutil.resolve_name(home)
        assert issubclass(model, StudySpec)
        assert model.model_fields["kind"].annotation == Literal[name]
        assert not model.__abstractmethods__


# --- a fourth kind: its file, and its registrations ----------------------------------------------


class Listed(Section):
    """A cell that is written out."""

    amplitude: float
    period: int


class ListSpec(StudySpec):
    """A study of cells that its file writes out."""

    kind: Literal["list"]
    replicates: Annotated[int, counted(rounds=False)]
    cell: Annotated[tuple[Listed, ...], Field(strict=False)]
    title: ClassVar[str] = "list of cells"
    caution: ClassVar[str] = "somebody wrote these cells out"

    def listed(self) -> list[Cell]:
        dynamical = [
            Configuration(loss, 3, 1.0, each.amplitude, each.period)
            for loss in self.loss
            for each in self.cell
        ]
        static = dict.fromkeys(configuration.baseline() for configuration in dynamical)
        steps = reads(self.protocol, tuple(each.period for each in self.cell))
        return [
            Cell(configuration, range(self.baseline_replicates), steps) for configuration in static
        ] + [
            Cell(
                configuration,
                range(self.replicates),
                reads(self.protocol, (configuration.period or 0,)),
            )
            for configuration in dynamical
        ]

    def cells(self, study: optuna.Study) -> list[Cell]:
        return self.listed()

    def cells_ahead(self) -> list[Cell]:
        return self.listed()

    def grows_to(self, new: StudySpec) -> bool:
        longer = isinstance(new, ListSpec) and set(self.cell) < set(new.cell)
        return longer and self.model_copy(update={"cell": new.cell}) == new

    def described(self) -> str:
        return f"{len(self.cell)} cells that are written out"


LIST: dict[str, Any] = {
    "name": "listed",
    "kind": "list",
    "loss": "dce",
    "replicates": 2,
    "protocol": SMALL["protocol"],
    "cell": [{"amplitude": 3.0, "period": 10}, {"amplitude": 40.0, "period": 20}],
}


@pytest.fixture
def _listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "list", f"{__name__}:ListSpec")
    kinds = StrEnum("Kinds", list(KINDS))  # type: ignore[misc]
    option = Annotated[kinds | None, typer.Option()]  # as if it was there when that was imported
    monkeypatch.setitem(cli_list.command.__annotations__, "kind", option)
    parts: tuple[Any, ...] = (run_map, page.search_page, search_figure, map_text.print_best)
    for registry, part in zip(REGISTRIES, parts, strict=True):
        monkeypatch.setitem(registry, "list", part)


@pytest.fixture
def spec(request: pytest.FixtureRequest, tmp_path: Path) -> StudySpec:
    request.getfixturevalue("_listed")
    path = tmp_path / "listed.toml"
    path.write_text(tomli_w.dumps(LIST), encoding="utf-8")
    return load_spec(path)


@pytest.mark.usefixtures("_listed")
def test_an_unknown_kind_is_told_all_there_are() -> None:
    with pytest.raises(SpecError, match=f"must be {' or '.join(map(repr, KINDS))}"):
        StudySpec.of({**LIST, "kind": "lists"})
    with pytest.raises(SpecError, match=f"one of {', '.join(KINDS)}"):
        StudySpec.of({key: value for key, value in LIST.items() if key != "kind"})
    with pytest.raises(SpecError, match="key 'cell' is missing"):
        StudySpec.of({key: value for key, value in LIST.items() if key != "cell"})


def test_a_fourth_kind_is_in_every_command(
    spec: StudySpec, storage: Storage, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def command(*words: str) -> str:
        done = CliRunner().invoke(app, [*words, "--storage", url])
        assert done.exit_code == 0, done.output
        return done.output

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    assert tomllib.loads(tomli_w.dumps(spec.resolved()))["cell"] == LIST["cell"]
    assert "networks       12 (0 of them" in command("run", "listed.toml", "--dry-run")
    assert "listed: 12 networks trained, 0 taken" in command("run", "listed.toml")
    assert "listed: 0 networks trained, 12 taken" in command("run", "listed.toml")
    assert "networks       12 (12 of them" in command("run", "listed.toml", "--dry-run")

    (row,) = list_rows(storage, kind="list")
    assert (row["kind"], row["status"], row["cells_done"]) == ("list", "complete", 3)
    assert "listed" in command("list", "--kind", "list")
    assert "listed" not in command("list", "--kind", "map")
    shown = command("show", "listed")
    assert "listed: complete, 3 of 3 cells, 12 of 12 networks" in shown
    assert "somebody wrote these cells out" in shown
    assert "the best 3 of 3 cells" in command("map", "listed")
    assert {path.name for path in (tmp_path / "results").iterdir()} == {"listed.csv", "listed.png"}
    with pytest.raises(DynstudyError, match="figure 3 needs a map"):
        over_width(regime_map(storage, "listed"), None, None)
    command("export", "listed", "--confirm", "0")

    publish(storage, "listed", tmp_path / "artifacts")
    note = optuna_dashboard.get_note(storage.study("listed"))
    assert "A list of cells of DCE over 2 cells that are written out" in note.replace("\\", "")

    assert "with its 3 trials and 12 of its networks" in command(
        "delete", "listed", "--purge", "--yes"
    )
    assert storage.names() == []


def test_a_fourth_kind_grows_as_it_says(spec: StudySpec, storage: Storage) -> None:
    run(spec, storage=storage)
    more = StudySpec.of({**LIST, "cell": [*LIST["cell"], {"amplitude": 8.0, "period": 10}]})
    with pytest.raises(StudyMismatchError, match="add what is new with --extend"):
        run(more, storage=storage)
    assert run(more, storage=storage, extend=True).trained == 2
    with pytest.raises(StudyMismatchError, match="give the study file a new name"):
        run(spec, storage=storage, extend=True)
