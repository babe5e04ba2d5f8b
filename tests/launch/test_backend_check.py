"""What is wrong with a study or a backend is said before anything is written."""

from pathlib import Path

import pytest

from dynstudy.errors import BackendError
from dynstudy.launch import backend_check
from dynstudy.launch.backend_check import check_backend, check_study
from dynstudy.launch.executors import on_this_machine
from dynstudy.train import backends
from dynstudy.train.backends import at_once
from tests.planted import SMALL, SpecMaker


def test_a_study_that_is_right_passes(make_spec: SpecMaker) -> None:
    check_study(make_spec())
    check_backend("cpu", make_spec())


def test_a_path_is_no_study() -> None:
    with pytest.raises(TypeError, match=r"'regime.toml' is no study: dynstudy.load_spec reads"):
        check_study(Path("regime.toml"))  # type: ignore[arg-type]


def test_a_backend_that_is_not_there_is_said(make_spec: SpecMaker) -> None:
    with pytest.raises(BackendError, match="'nope' is not one of"):
        check_backend("nope", make_spec())


def test_what_trains_a_study_is_asked_how_many_networks_it_wants(
    make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of `auto`, the processor's kernel was: batches for PyTorch had two networks each."""
    monkeypatch.setenv("DYNSTUDY_THREADS", "2")
    for module in (backends, backend_check):
        monkeypatch.setattr(module, "fastest", lambda: "cpu")
    deep = make_spec(protocol=SMALL["protocol"] | {"network": {"depth": 2}})
    assert check_backend("auto", make_spec()) == "cpu"
    assert check_backend("auto", deep) == "autograd"
    assert check_backend("autograd", make_spec()) == "autograd"
    with on_this_machine(check_backend("auto", deep)) as executor:
        (slot,) = executor.slots()
    assert slot.at_once == at_once("autograd") > at_once("cpu")


def test_a_number_of_threads_that_is_none_is_said(
    make_spec: SpecMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNSTUDY_THREADS", "many")
    with pytest.raises(BackendError, match="DYNSTUDY_THREADS = 'many'"):
        check_backend("cpu", make_spec())
