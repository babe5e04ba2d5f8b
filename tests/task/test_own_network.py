"""Anyone's module as the networks of a study: what it is known by, where it is found."""

import functools
import pickle
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from dynstudy.errors import SpecError
from dynstudy.protocol import Protocol
from dynstudy.task.network import Network
from dynstudy.task.own_network import OwnNetwork, module_state, trained_count
from tests.conftest import ROOT
from tests.models import Scaled, convolutional, layers, normed

HERE = OwnNetwork.of(layers, 1)
FILE = """
from torch import nn
def net(width, seed):
    return nn.Linear(2, 3)
number = 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "mine_of_a_test.py").write_text(FILE)
    yield tmp_path
    sys.modules.pop("mine_of_a_test", None)


def named(function: str, folder: Path, **changes: Any) -> OwnNetwork:
    values = {"kind": "python", "function": function, "version": "1", "folder": str(folder)}
    return OwnNetwork.model_validate(values | changes)


# --- what it is known by ------------------------------------------------------------------------


def test_a_key_has_the_name_and_the_version_of_the_function_and_nothing_of_where_it_is() -> None:
    content = {"kind": "python", "function": "tests.models:layers", "version": "1"}
    assert HERE.content() == {"network": content}
    assert HERE.folder == str(ROOT)
    elsewhere = HERE.model_copy(update={"folder": "/elsewhere"})
    assert elsewhere == HERE
    assert hash(elsewhere) == hash(HERE)
    assert OwnNetwork.of(layers, 2) != HERE != OwnNetwork.of(normed, 1)
    assert Network() != HERE


def test_a_version_is_a_word_or_a_number() -> None:
    assert OwnNetwork.of(layers, 1) == OwnNetwork.of(layers, "1")


@pytest.mark.parametrize("version", [None, "", 1.5, True])
def test_without_a_version_it_says_why_one_is_needed(version: Any) -> None:
    with pytest.raises(ValidationError) as raised:
        OwnNetwork.of(layers, version)
    if version in {None, ""}:
        assert "raise it whenever the model changes" in str(raised.value)


@pytest.mark.parametrize(
    "model",
    [lambda width, seed: nn.Linear(2, 3), functools.partial(layers, 3), nn.Linear(2, 3), 3],
    ids=["lambda", "partial", "module", "number"],
)
def test_what_has_no_name_of_its_own_is_refused(model: Any) -> None:
    with pytest.raises(SpecError, match="must be a function of width and seed that has a name"):
        OwnNetwork.of(model, 1)


def test_a_class_of_modules_is_a_function_of_width_and_seed_as_well() -> None:
    assert OwnNetwork.of(Scaled, 1).function == "tests.models:Scaled"
    assert isinstance(OwnNetwork.of(Scaled, 1).made(4, 0)[0], Scaled)


@pytest.mark.parametrize("function", ["net", "a.b", ":net", "a:", "a b:net", "a:1", "a/b:net"])
def test_a_name_that_is_none_is_refused(function: str) -> None:
    with pytest.raises(ValidationError, match="must name a function, as in"):
        OwnNetwork.of(function, 1)


# --- where it is found --------------------------------------------------------------------------


def test_a_function_is_found_in_the_folder_of_its_file(folder: Path) -> None:
    assert isinstance(named("mine_of_a_test:net", folder).made(1, 0)[0], nn.Linear)
    assert str(folder) not in sys.path


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("mine_of_a_test:nett", "did you mean 'net'"),
        ("mine_of_a_test:number", "is no function"),
        ("not_there_of_a_test:net", "is not in"),
    ],
)
def test_a_function_that_is_not_there_is_said_in_a_line(
    function: str, said: str, folder: Path
) -> None:
    with pytest.raises(SpecError) as raised:
        named(function, folder).check_there()
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_function_that_fails_or_returns_something_else_is_said(tmp_path: Path) -> None:
    def failing(width: int, seed: int) -> nn.Module:
        raise KeyError("aha")

    def none(width: int, seed: int) -> None:
        pass

    with pytest.raises(SpecError, match="fails for width 4, seed 2: KeyError: 'aha'"):
        OwnNetwork.of(failing, 1).made(4, 2)
    with pytest.raises(SpecError, match="returns NoneType for width 4, seed 2"):
        OwnNetwork.of(none, 1).made(4, 2)


def test_a_function_of_a_notebook_is_not_to_be_had_elsewhere() -> None:
    with pytest.raises(SpecError, match="put it into a module of its own"):
        named("__main__:net", Path()).check_there()


def test_a_function_that_is_gone_is_found_beside_an_export(folder: Path, tmp_path: Path) -> None:
    gone = named("mine_of_a_test:net", tmp_path / "gone")
    assert gone.beside(folder).folder == str(folder)
    there = named("mine_of_a_test:net", folder)
    assert there.beside(tmp_path / "gone").folder == str(folder)
    assert HERE.beside(folder).folder == HERE.folder


def test_another_process_imports_what_it_can_and_is_sent_what_it_cannot(folder: Path) -> None:
    def local(width: int, seed: int) -> nn.Module:
        return nn.Linear(2, width)

    by_name = named("mine_of_a_test:net", folder)
    by_name.check_there()
    del sys.modules["mine_of_a_test"]  # as in a process that has not imported it
    for network, parameters in ((by_name, 9), (HERE, 39), (OwnNetwork.of(local, 1), 18)):
        sent: OwnNetwork = pickle.loads(pickle.dumps(network.taken_along()))
        assert sent == network
        assert sum(each.numel() for each in sent.made(6, 0)[0].parameters()) == parameters


def test_what_cannot_be_sent_is_said_in_a_line() -> None:
    lock = threading.Lock()

    def locked(width: int, seed: int) -> nn.Module:
        with lock:
            return nn.Linear(2, 3)

    with pytest.raises(SpecError, match="cannot be sent to other processes"):
        OwnNetwork.of(locked, 1).taken_along()


# --- what it makes ------------------------------------------------------------------------------


def test_the_seed_is_that_of_pytorch_which_is_left_as_it_was() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    drawn = HERE.draw(7, 4, 3, 2)
    assert torch.equal(torch.rand(3), expected)
    torch.manual_seed(7)
    for name, tensor in layers(4, 7).state_dict().items():
        np.testing.assert_array_equal(drawn[name], tensor.numpy())


def test_what_is_trained_comes_first_of_a_state() -> None:
    module = Scaled(4, 0)
    state = module_state(module)
    assert state.keys() == module.state_dict().keys()
    assert trained_count(module) == 5
    assert list(state)[5:] == ["scale", "shift"]


def test_shared_weights_are_one_parameter() -> None:
    tied = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    tied[1].weight = tied[0].weight
    assert list(module_state(tied)) == ["0.weight", "0.bias", "1.bias"]


def test_outputs_are_the_modules_in_evaluation() -> None:
    network = OwnNetwork.of(convolutional, 1)
    x = np.random.default_rng(0).normal(size=(5, 64))
    module = network.made(3, 1)[0].double().eval()
    wider = {
        name: np.pad(array, [(0, 2)] * array.ndim)
        for name, array in network.draw(1, 3, 10, 64).items()
    }
    expected = module(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(network.outputs(wider, x, 3, 1), expected, rtol=1e-12)


# --- in a protocol ------------------------------------------------------------------------------


def test_a_table_without_a_kind_is_of_layers() -> None:
    protocol = Protocol.model_validate({"network": {"depth": 2}})
    assert protocol.network == Network(depth=2)
    assert "kind" not in protocol.model_dump()["network"]


def test_a_function_is_looked_for_beside_the_study_file(tmp_path: Path) -> None:
    def of(**more: str) -> Any:
        table = {"kind": "python", "function": "a:b", "version": 1, **more}
        return Protocol.model_validate({"network": table}, context={"folder": tmp_path}).network

    assert of().folder == str(tmp_path)
    assert of(folder="nets").folder == str(tmp_path / "nets")
    assert of(folder="/nets").folder == "/nets"


def test_it_starts_from_no_file() -> None:
    with pytest.raises(ValidationError, match="networks start from what their function makes"):
        Protocol.model_validate({"network": HERE, "initial": "start.npz"})
