"""``dynstudy delete``."""

from pathlib import Path

import pytest

from dynstudy.store.launches import claim
from dynstudy.store.studies import Storage
from dynstudy.study.spec import StudySpec
from tests.cli.three_studies import Command, Refusal, names, words
from tests.command import answered
from tests.planted import SMALL


def test_deleted_with_its_networks_a_study_is_gone(command: Command) -> None:
    status, out, err = command("delete", "small", "--purge", "--yes")
    assert (status, out) == (0, "")
    # shared with `other`: two cells of 2 replicates at A = 3, and the baseline's 8
    assert err == (
        "deleted: study 'small' with its 5 trials and 4 of its networks, while 12 that other "
        "studies need stay\n"
    )
    assert names(command) == ["other", "search"]


def test_a_study_that_is_run_stays_as_it_is(command: Command, three: Path) -> None:
    storage = Storage(f"sqlite:///{three}/storage/dynstudy.db")
    spec = StudySpec.of(SMALL)
    with claim(storage.engine, storage.study_id(storage.study("small")), spec, "auto"):
        for arguments in (["rename", "small", "new"], ["delete", "small", "--yes"]):
            status, _, err = command(*arguments)
            assert status == 2
            assert "study 'small' is being run; wait for it, or stop it first" in err
        assert names(command, "--status", "running") == ["small"]
    storage.engine.dispose()


def test_at_a_terminal_it_is_asked_on_stderr(command: Command, three: Path) -> None:
    out, err = answered(three, "n", "--quiet", "delete", "small")
    assert out == ""
    assert "study 'small' with its 5 trials, while its networks stay in the ledger. Delete?" in err
    assert names(command, "--match", "small") == ["small"]
    answered(three, "y", "delete", "small")
    assert names(command, "--match", "small") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["smal", "--yes"], "did you mean 'small'"),
        (["small"], "nothing is deleted: nobody is there to ask; --yes deletes study 'small' with"),
    ],
    ids=words,
)
def test_what_is_wrong_is_one_line_and_changes_nothing(
    arguments: list[str], said: str, refusal: Refusal
) -> None:
    assert said in refusal("delete", *arguments)
