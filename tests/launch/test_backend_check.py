"""What is wrong with a study or a backend is said before anything is written."""

from pathlib import Path

import pytest

from dynstudy.errors import BackendError
from dynstudy.launch.backend_check import check_backend, check_study
from tests.planted import SpecMaker


def test_a_study_that_is_right_passes(make_spec: SpecMaker) -> None:
    check_study(make_spec())
    check_backend("cpu", make_spec())


def test_a_path_is_no_study() -> None:
    with pytest.raises(TypeError, match=r"'regime.toml' is no study: dynstudy.load_spec reads"):
        check_study(Path("regime.toml"))  # type: ignore[arg-type]


def test_a_backend_that_is_not_there_is_said(make_spec: SpecMaker) -> None:
    with pytest.raises(BackendError, match="'nope' is not one of"):
        check_backend("nope", make_spec())


def test_a_number_of_threads_that_is_none_is_said(
    make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNSTUDY_THREADS", "many")
    with pytest.raises(BackendError, match="DYNSTUDY_THREADS = 'many'"):
        check_backend("cpu", make_spec())
