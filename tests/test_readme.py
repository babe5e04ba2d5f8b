"""What the README tells a newcomer to type works as written, in a folder of its own."""

import json
import re
import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from docs.examples import QUICKSTART, shown
from dynstudy.study.spec import StudySpec
from tests.command import dynstudy, script
from tests.conftest import ROOT
from tests.pages import assert_same_gains, typed

README = (ROOT / "README.md").read_text(encoding="utf-8")
BOUNDARY, PYTHON_PAGE, RUNNING = (
    (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    for name in ("boundary", "api", "running")
)


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "studies").symlink_to(ROOT / "studies")
    return tmp_path


PYTHON = blocks(BOUNDARY, "python") + blocks(PYTHON_PAGE, "python")


@pytest.mark.parametrize("number", range(len(PYTHON)))
def test_python_examples_run(number: int, here: Path) -> None:
    script(here, PYTHON[number])


def test_readme_is_short_and_its_study_file_valid(here: Path) -> None:
    assert len(README.split()) <= 900  # with code, tables and what is printed
    (file,) = blocks(README, "toml")
    assert len(file.splitlines()) <= 15
    (here / "mine.toml").write_text(file)
    out, _ = dynstudy(here, "run", "mine.toml", "--dry-run")
    assert "cells          52" in out  # 2 losses x 6 A x 2 T x 2 widths, and 4 baselines


def test_the_picture_of_readme_is_of_the_numbers_beside_it() -> None:
    with Image.open(QUICKSTART, formats=["PNG"]) as picture:
        assert picture.info["Description"] == shown(README)


def test_the_boundary_study_of_the_docs_is_the_one_that_is_shipped() -> None:
    (shown,) = blocks(BOUNDARY, "toml")
    shipped = (ROOT / "studies" / "boundary-dce.toml").read_text(encoding="utf-8")
    assert StudySpec.of(tomllib.loads(shown)) == StudySpec.of(tomllib.loads(shipped))


@pytest.mark.long  # 340 networks of 30 000 steps; the tutorial is typed in every run
def test_commands_run_and_the_quickstart_shows_what_it_promises(here: Path) -> None:
    assert_same_gains(shown(README), shown(typed(README, here)))
    commands = re.findall(r"^\$ dynstudy (.*)$", RUNNING, flags=re.MULTILINE)
    assert len(commands) >= 5
    for command in commands:
        out, _ = dynstudy(here, *command.split())
    assert (here / "results" / "best-1-seed0.png").exists()
    # the last one is the map: useful cells in a band, forgetting at large amplitudes
    assert "useful" in out
    rows = (here / "results" / "quickstart.csv").read_text().splitlines()
    header = rows[0].split(",")
    cells = [dict(zip(header, row.split(","), strict=True)) for row in rows[1:]]
    useful = {(float(c["amplitude"]), int(c["period"])) for c in cells if c["regime"] == "useful"}
    forgets = {(float(c["amplitude"]), int(c["period"])) for c in cells if c["forgets"] == "True"}
    assert {(30, 100), (100, 300)} <= useful
    assert {(1000, 100), (1000, 300), (1000, 1000)} <= forgets
    small = [float(c["gain"]) for c in cells if c["amplitude"] == "3.0" and c["period"] != "30"]
    assert max(small) < 0.1  # far below the band's 0.2

    check_queries(here)


def check_queries(here: Path) -> None:
    """What storage/README.md asks of the database is what the command line says of it."""
    small = "protocol.steps=1200 protocol.tail=200 space.period=100 space.amplitude=10".split()
    fast = ["name=fast", "loss=dmse2", "space.learning_rate=3", "replicates=1", *small]
    for changes in (["name=fewer", "replicates=6"], fast):
        overrides = [word for change in changes for word in ("--set", change)]
        dynstudy(here, "--quiet", "run", "studies/quickstart.toml", *overrides)
    listed = json.loads(dynstudy(here, "list", "--format", "json")[0])
    studies = {row["study"]: row for row in listed}
    cells = json.loads(dynstudy(here, "map", "quickstart", "--format", "json")[0])
    cells = {(cell["amplitude"], cell["period"]): cell for cell in cells}

    queries = blocks((ROOT / "storage" / "README.md").read_text(encoding="utf-8"), "sql")
    with closing(sqlite3.connect(here / "storage" / "dynstudy.db")) as connection:
        answers = [connection.execute(query).fetchall() for query in queries]
        (trial,) = connection.execute(
            "SELECT json_extract(value_json, '$') FROM trial_system_attributes "
            "JOIN trials USING (trial_id) JOIN studies USING (study_id) "
            "WHERE key = 'dynstudy:cell' AND study_name = 'quickstart' AND number = 9"
        ).fetchone()
    replicates, gains, diverged, accuracies, ((lost, static_lost, net),), *rest = answers
    launches, ((shared,),) = rest

    assert [seed for seed, _ in replicates] == list(range(10))
    (cell,) = (cell for cell in cells.values() if cell["ledger_configuration"] == trial)
    assert sum(value for _, value in replicates) / 10 == pytest.approx(cell["val_accuracy"])

    static = cells[None, None]
    best = sorted(
        (cell for cell in cells.values() if cell["amplitude"]), key=lambda cell: -cell["gain"]
    )
    for (loss, width, amplitude, period, gain, error), cell in zip(gains, best, strict=False):
        assert (loss, width, amplitude, period) == ("dce", 20, cell["amplitude"], cell["period"])
        assert gain == pytest.approx(cell["gain"])
        assert error == pytest.approx((cell["sem"] ** 2 + static["sem"] ** 2) ** 0.5)
    assert len(gains) == 5

    listed = json.loads(dynstudy(here, "map", "fast", "--format", "json")[0])
    assert len(diverged) == sum(cell["diverged"] for cell in listed) > 0
    assert {(loss, rate) for loss, _, rate, *_ in diverged} <= {("dmse2", 3.0), ("mse", 3.0)}
    steps = [step for *_, step in diverged]
    assert steps == sorted(steps)
    assert 0 <= steps[0] <= steps[-1] <= 1200

    # A = 1000, T = 300 forgets: it knows the class whose turn it is, and none of the others
    emphasised, others = [], []
    for _, turn, *classes in accuracies[:-1]:
        emphasised.append(classes.pop(turn))
        others += classes
    assert len(emphasised) == 2 * 9  # middles and ends of three cycles
    assert sum(emphasised) / len(emphasised) > 0.8
    assert sum(others) / len(others) < 0.2
    step, turn, *classes = accuracies[-1]
    assert (step, turn) == (30_000, None)
    assert sum(classes) / 3 == pytest.approx(cells[1000, 300]["val_accuracy"])

    assert 0.8 < lost <= 1
    assert net == pytest.approx(cells[1000, 300]["forgetting"])
    assert lost - static_lost == pytest.approx(net)

    assert [(name, *rest[1:4]) for name, *rest in launches] == [
        ("quickstart", "complete", 340, studies["quickstart"]["network_steps"]),
        ("quickstart", "complete", 0, 0),  # the same file again
        ("quickstart", "complete", 70, 70 * 30_000),  # the export's fresh seeds
        ("fewer", "complete", 0, 0),
        ("fast", "complete", 5, 5 * 1200),
    ]
    assert shared == studies["fewer"]["networks_trained"] == 204


def anchors(text: str) -> set[str]:
    """What links to the headings of a page end with, as GitHub and MkDocs make it."""
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_the_authors_have_one_name() -> None:
    written = (ROOT / "LICENSE", ROOT / "CITATION.cff", ROOT / "pyproject.toml")
    names = [re.findall(r"[Tt]he dynstudy \w+", path.read_text("utf-8")) for path in written]
    assert names == [["The dynstudy authors"]] * 3


def test_nothing_is_left_to_be_written() -> None:
    texts = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("studies/*.toml")]
    for path in texts:
        text = path.read_text(encoding="utf-8")
        assert len(text) > 200, path
        assert not re.search(r"TODO|COST_|[A-Z]+_LINE", text), path


@pytest.mark.parametrize(
    "path",
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "storage" / "README.md"],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_files_that_are_named_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for name, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", text):
        linked = path.parent / name if name else path
        assert linked.exists(), name
        if anchor and linked.name != "api.md":  # whose headings MkDocs makes
            assert anchor in anchors(linked.read_text(encoding="utf-8")), f"{name}#{anchor}"
    for name in re.findall(r"`((?:dynstudy|tests|studies|docs|benchmarks)/[\w/.-]+)`", text):
        assert (ROOT / name).exists(), name
