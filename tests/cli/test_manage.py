"""Housekeeping as a user meets it: on copies of one storage with three small studies."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import optuna_dashboard
import pytest
import tomli_w

from dynstudy.dashboard.page import publish
from dynstudy.launch.runner import run
from dynstudy.store.launches import claim
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from tests.command import answered, called, dynstudy
from tests.planted import SEARCH, SMALL

OTHER = {
    **SMALL,
    "name": "other",
    "space": {"learning_rate": 1.0, "amplitude": [3, 90], "period": [10, 30], "width": 5},
}

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    storage = Storage(f"sqlite:///{folder}/studies.db", create=True)
    for study in (SMALL, OTHER, SEARCH):
        run(StudySpec.of(study), storage=storage)
    storage.engine.dispose()
    return folder / "studies.db"


@pytest.fixture
def here(trained: Path, tmp_path: Path) -> Path:
    (tmp_path / "storage").mkdir()
    shutil.copy(trained, tmp_path / "storage" / "dynstudy.db")
    return tmp_path


@pytest.fixture
def command(here: Path) -> Command:
    """Runs a command in that folder; returns its exit status, stdout and stderr."""
    return partial(called, here, io.StringIO())


def names(command: Command, *filters: str) -> list[str]:
    status, out, err = command("list", "--format", "json", *filters)
    assert status == 0, err
    return [row["study"] for row in json.loads(out)]


def test_the_list_has_sizes_and_can_be_filtered(command: Command) -> None:
    _, out, _ = command("list", "--format", "json")
    small = next(row for row in json.loads(out) if row["study"] == "small")
    assert small["networks"] == small["networks_trained"] == 16
    assert small["network_steps"] == 16 * 200
    assert small["tags"] == ""
    assert names(command) == ["other", "search", "small"]
    assert names(command, "--kind", "search") == ["search"]
    assert names(command, "--match", "s*") == ["search", "small"]
    assert names(command, "--match", "S*") == []
    assert names(command, "--status", "complete", "--match", "o*") == ["other"]
    assert names(command, "--status", "incomplete") == []
    command("tag", "small", "paper", "checked")
    command("tag", "other", "paper")
    assert names(command, "--tag", "paper") == ["other", "small"]
    assert names(command, "--tag", "paper", "--tag", "checked") == ["small"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "--status", "complet"], "is not one of 'running', 'complete', 'incomplete'"),
        (["list", "--kind", "maps"], "--kind 'maps' is not one of map, search"),
        (["rename", "smal", "x"], "did you mean 'small'"),
        (["rename", "small", "other"], "study 'other' exists in"),
        (["rename", "small", " x"], "no space at either end"),
        (["delete", "smal", "--yes"], "did you mean 'small'"),
        (["delete", "small"], "nobody to ask: say --yes"),
        (["note", "small", " "], "--clear removes the note"),
        (["note", "small", "x", "--clear"], "exclude each other"),
        (["note", "smal"], "did you mean 'small'"),
        (["tag", "small", "a b"], "must be one printable word"),
        (["tag", "small", "--remove", "x"], "has no tag 'x'; it has no tags"),
        (["compare", "small", "smal", "--differences"], "did you mean 'small'"),
        (["compare", "small"], "study 'small' has one dynamical loss, dce: name another study"),
        (["compare", "small", "othr"], "did you mean 'other'"),
        (["compare", "small", "small"], "study 'small' is named twice"),
        (["compare"], "Missing argument"),
        (["figure", "fig3", "smal", "--out", "x.png"], "did you mean 'small'"),
        (["figure", "fig3", "small", "--amplitude", "3"], "has period 10, 30: choose one by"),
        (
            ["figure", "fig3", "small", "--amplitude", "3", "--period", "10"],
            "has one trained width, 5",
        ),
        (["compare", "small", "small", "--differences"], "study 'small' is named twice"),
        (["compare", "small", "--differences"], "--differences is of two studies"),
        (["figure", "fig2", "small"], "'fig2' is not one of 'fig3'"),
        (["figure", "fig3", "search"], "is a search"),
        (["compare", "small", "other", "--format", "xml"], "is not one of 'table', 'json', 'csv'"),
        (["list", "--storage", "sqlite:///absent.db"], "there is no such database"),
        (["tag", "small", "x", "--storage", "sqlite:///absent.db"], "there is no such database"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_is_one_line_and_changes_nothing(
    arguments: list[str], said: str, command: Command, here: Path
) -> None:
    before = (here / "storage" / "dynstudy.db").read_bytes()
    status, out, err = command(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert said in err
    assert err.count("\n") == 1
    assert (here / "storage" / "dynstudy.db").read_bytes() == before


def test_renamed_noted_and_tagged_a_study_says_so(command: Command) -> None:
    assert command("rename", "small", "tiny")[0] == 0
    assert "there" not in command("note", "tiny", "[bold]look[/bold] here ☃")[1]
    assert command("note", "tiny")[1] == "[bold]look[/bold] here ☃\n"
    _, out, _ = command("tag", "tiny", "b", "a", "--format", "csv")
    assert out == "tag\na\nb\n"
    _, out, _ = command("show", "tiny")
    for fact in ("tiny: complete", "[bold]look[/bold] here ☃", "tags: a b", 'name = "tiny"'):
        assert fact in out
    _, out, _ = command("show", "tiny", "--format", "json")
    shown = json.loads(out)
    assert (shown["note"], shown["tags"]) == ("[bold]look[/bold] here ☃", ["a", "b"])
    assert command("note", "tiny", "--clear") == (0, "", "")
    assert command("note", "tiny") == (0, "", "tiny has no note\n")


def test_the_page_and_its_files_follow_the_study(command: Command, here: Path) -> None:
    storage = Storage(f"sqlite:///{here}/storage/dynstudy.db")
    publish(storage, "small")
    publish(storage, "other")
    folder = here / "storage" / "dynstudy.artifacts"
    assert len(list(folder.iterdir())) == 8
    command("rename", "small", "tiny")
    command("note", "tiny", "Mine.")
    note = optuna_dashboard.get_note(storage.study("tiny"))
    assert 'name = "tiny"' in note
    assert note.startswith("Mine.")
    assert len(list(folder.iterdir())) == 8
    command("delete", "tiny", "--yes")
    assert len(list(folder.iterdir())) == 4


def test_deleted_with_its_networks_a_study_is_gone(command: Command) -> None:
    status, out, err = command("delete", "small", "--purge", "--yes")
    assert (status, out) == (0, "")
    # shared with `other`: two cells of 2 replicates at A = 3, and the baseline's 8
    assert err == (
        "deleted: study 'small' with its 5 trials and 4 of its networks, while 12 that other "
        "studies need stay\n"
    )
    assert names(command) == ["other", "search"]


def test_a_study_that_is_run_stays_as_it_is(command: Command, here: Path) -> None:
    storage = Storage(f"sqlite:///{here}/storage/dynstudy.db")
    spec = StudySpec.of(SMALL)
    with claim(storage.engine, storage.study_id(storage.study("small")), spec, "auto"):
        for arguments in (["rename", "small", "new"], ["delete", "small", "--yes"]):
            status, _, err = command(*arguments)
            assert status == 2
            assert "study 'small' is being run; wait for it, or stop it first" in err
        assert names(command, "--status", "running") == ["small"]
    storage.engine.dispose()


def test_at_a_terminal_it_is_asked_on_stderr(command: Command, here: Path) -> None:
    out, err = answered(here, "n", "--quiet", "delete", "small")
    assert out == ""
    assert "study 'small' with its 5 trials, while its networks stay in the ledger. Delete?" in err
    assert names(command, "--match", "small") == ["small"]
    answered(here, "y", "delete", "small")
    assert names(command, "--match", "small") == []


def differences(command: Command, *studies: str) -> list[dict[str, str]]:
    status, out, err = command("compare", *studies, "--differences", "--format", "csv")
    assert (status, err) == (0, "")
    return list(csv.DictReader(io.StringIO(out)))


def test_studies_differ_in_a_row_per_difference(command: Command) -> None:
    rows = differences(command, "small", "other")
    assert [row["key"] for row in rows if row["part"] == "study file"] == [
        "name",
        "space.amplitude",
    ]
    for form in ("table", "json"):
        status, out, _ = command("compare", "small", "search", "--differences", "--format", form)
        assert status == 0
        assert "search.sampler" in out


def test_studies_equal_but_in_name_differ_in_nothing_else(command: Command, here: Path) -> None:
    (here / "twin.toml").write_text(tomli_w.dumps({**SMALL, "name": "twin"}))
    assert command("--quiet", "run", "twin.toml") == (0, "", "")
    rows = differences(command, "small", "twin")
    assert [row["key"] for row in rows if row["part"] == "study file"] == ["name"]
    assert {row["part"] for row in rows} == {"study file", "size"}


def test_a_launch_keeps_what_was_overridden(command: Command, here: Path) -> None:
    (here / "small.toml").write_text(tomli_w.dumps(SMALL))
    changes = ["--set", "name=changed", "--set", "space.amplitude=[3, 30]"]
    assert command("run", "small.toml", *changes)[0] == 0
    _, out, _ = command("show", "changed", "--format", "json")
    (launch,) = json.loads(out)["runs"]
    assert launch["overrides"] == ["name=changed", "space.amplitude=[3, 30]"]
    assert "--set space.amplitude=[3, 30]" in command("show", "changed")[1]
    assert json.loads(command("show", "small", "--format", "json")[1])["runs"][0]["overrides"] == []


def test_quiet_says_nothing_but_errors(command: Command, here: Path) -> None:
    (here / "small.toml").write_text(tomli_w.dumps({**SMALL, "replicates": 1, "name": "q"}))
    assert "8 taken from the ledger" in command("run", "small.toml")[2]
    assert command("--quiet", "run", "small.toml", "--set", "name=r") == (0, "", "")
    assert command("-q", "note", "small") == (0, "", "")
    status, _, err = command("-q", "show", "absent")
    assert (status, err[:6]) == (2, "error:")


def test_verbose_says_each_chunk_and_optunas_messages(command: Command, here: Path) -> None:
    (here / "small.toml").write_text(tomli_w.dumps(SMALL))
    changes = ["--set", "protocol.steps=300"]
    _, _, plain = command("run", "small.toml", "--set", "name=plain", *changes)
    assert "16 networks trained" in plain
    changes = ["--set", "protocol.steps=400"]
    out, err = dynstudy(here, "-v", "run", "small.toml", "--set", "name=v", *changes)
    assert out == ""
    for said in ("networks recorded; 100%", "A new study created in RDB with name"):
        assert said in err
        assert said not in plain


def test_studies_are_compared_side_by_side(command: Command, here: Path) -> None:
    status, out, err = command("compare", "small", "other", "--out", "compared")
    assert status == 0, err
    assert "other, dce" in out
    assert "note: the best of many cells is flattered" in err
    folder = here / "compared"
    assert sorted(path.name for path in folder.iterdir()) == [
        "compare-cells.csv",
        "compare.csv",
        "compare.png",
    ]
    _, out, _ = command("compare", "small", "other", "--format", "csv")
    assert out == (folder / "compare.csv").read_text()
    _, out, _ = command("compare", "small", "other", "--format", "csv", "--cells")
    assert out == (folder / "compare-cells.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(out)))
    # the same networks in both: A = 3 at two periods
    assert [(row["study"], row["difference"]) for row in rows] == [
        ("small", ""), ("other", "0.0"), ("small", ""), ("other", "0.0"),
    ]  # fmt: skip
    _, out, _ = command("compare", "small", "search", "--format", "json")
    assert {row["study"] for row in json.loads(out)} == {"small", "search"}
    (here / "taken").write_text("a file")
    status, out, err = command("compare", "small", "other", "--out", "taken")
    assert (status, out) == (2, "")
    assert "is a file, not a folder" in err


def test_figure_3_is_drawn_and_printed(command: Command, here: Path) -> None:
    wide = StudySpec.of({**SMALL, "name": "wide", "space": {**SMALL["space"], "width": [3, 5]}})
    storage = Storage(f"sqlite:///{here}/storage/dynstudy.db", create=True)
    run(wide, storage=storage)
    storage.engine.dispose()
    line = ["figure", "fig3", "wide", "--amplitude", "30", "--period", "10", "--format", "json"]
    status, out, err = command(*line, "--out", "drawn/figure.pdf")
    assert status == 0, err
    assert "wrote drawn/figure.pdf" in err
    assert (here / "drawn" / "figure.pdf").read_bytes().startswith(b"%PDF")
    assert [(row["loss"], row["width"], row["amplitude"]) for row in json.loads(out)] == [
        ("ce", 3, None), ("ce", 5, None), ("dce", 3, 30), ("dce", 5, 30),
    ]  # fmt: skip
    assert "wrote drawn/wide-fig3.png" in command(*line, "--out", "drawn")[2]


def complete(here: Path, *words: str) -> list[str]:
    """What a shell offers for the last of the words."""
    out, err = dynstudy(
        here,
        _DYNSTUDY_COMPLETE="complete_bash",
        COMP_WORDS=" ".join(["dynstudy", *words]),
        COMP_CWORD=str(len(words)),
    )
    assert err == ""
    return out.split()


def test_a_shell_completes_commands_studies_and_words(here: Path, tmp_path: Path) -> None:
    assert set(complete(here, "re")) == {"rename", "reproduce"}
    assert complete(here, "show", "s") == ["search", "small"]
    elsewhere = tmp_path / "empty"
    elsewhere.mkdir()
    assert complete(elsewhere, "delete", "") == []
    url = f"sqlite:///{here}/storage/dynstudy.db"
    assert complete(elsewhere, "compare", "--storage", url, "small", "o") == ["other"]
    assert complete(here, "list", "--format", "") == ["table", "json", "csv"]
    assert complete(here, "list", "--status", "in") == ["incomplete"]
    assert complete(here, "list", "--kind", "s") == ["search"]
    assert complete(here, "run", "--backend", "a") == ["auto", "autograd"]
    assert complete(here, "export", "--per", "") == ["width", "loss", "pareto"]
    assert complete(here, "figure", "f") == ["fig3"]


def test_a_shell_can_be_taught(here: Path) -> None:
    # the shell is named instead of detected, which depends on what runs the tests
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    script, _ = dynstudy(here, "--show-completion", "bash", **named)
    assert "_DYNSTUDY_COMPLETE=complete_bash" in script
    assert script.strip().endswith("_dynstudy_completion dynstudy")


def test_help_has_every_exit_status(command: Command) -> None:
    _, out, _ = command("--help")
    for status in ("0 done", "1 reproduce", "2 something you can mend", "130 interrupted"):
        assert status in " ".join(out.split())
