"""What a command prints in one line, and what it does not take for an error."""

import pytest

from dynstudy import errors
from dynstudy.errors import DynstudyError, Interrupted, StorageError, either, nearest, with_article
from dynstudy.study.kinds import KINDS


def test_what_the_user_can_mend_is_caught_as_one_kind() -> None:
    kinds = [each for name, each in vars(errors).items() if name.endswith("Error")]
    assert len(kinds) > 5
    assert all(issubclass(kind, DynstudyError) for kind in kinds)
    for name in ("NoDatabaseError", "StudyNotFoundError", "StudyMismatchError", "StudyBusyError"):
        assert issubclass(getattr(errors, name), StorageError)


@pytest.mark.parametrize("abandoned", [True, False])
def test_an_interruption_is_no_error_and_says_the_way_on(abandoned: bool) -> None:
    stop = Interrupted(abandoned)
    assert not isinstance(stop, DynstudyError)
    assert stop.abandoned is abandoned
    assert "the same command resumes it" in str(stop)


def test_words_are_a_part_of_a_sentence() -> None:
    assert either(["dce"]) == "dce"
    assert either(["ce", "mse"]) == "ce or mse"
    assert either(iter("abc")) == "a, b or c"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_study_has_its_article(kind: str) -> None:
    assert with_article(kind) == ("an atlas" if kind == "atlas" else f"a {kind}")


def test_what_was_meant_is_guessed_where_it_is_close() -> None:
    assert nearest("smal", ["small", "smell", "other"]) == "; did you mean 'small' or 'smell'?"
    assert nearest("x", ["small", "other"]) == nearest("x", []) == ""
