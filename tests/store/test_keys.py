"""What makes a network what it is: the ledger's keys."""

from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynstudy.config import Configuration
from dynstudy.protocol import Protocol
from dynstudy.store.keys import configuration_key, content, digest, network_keys
from dynstudy.task.data.spirals import SpiralData
from dynstudy.task.network import Network
from dynstudy.task.optimiser import SGD

PROTOCOL = Protocol(steps=200, tail=50)


DCE = Configuration("dce", 5, 1.0, amplitude=3, period=10)


CE = Configuration("ce", 5, 1.0)


def test_the_key_is_pinned() -> None:
    """Changing it would train everything again: raise NUMERICS or migrate instead."""
    assert configuration_key(PROTOCOL, DCE) == (
        "924f10d35068f5d4d1d0284fe363d3532c414b059d41660b1d9e716c4a113142"
    )
    assert configuration_key(PROTOCOL, CE) == (
        "ae1274419e9581c73a5d4d00318bd98c70ea2aaa2a84600f7eb67662670007ba"
    )


def test_a_noise_of_its_own_is_that_of_a_protocol() -> None:
    """So that networks are shared with studies whose data have that noise."""
    noisy = PROTOCOL.model_copy(update={"data": SpiralData(noise=0.1)})
    for configuration in (DCE, CE):
        with_noise = replace(configuration, noise=0.1)
        assert content(PROTOCOL, with_noise) == content(noisy, configuration)
        assert content(PROTOCOL, replace(configuration, noise=0.2)) == content(
            PROTOCOL, configuration
        )


@given(seed=st.integers(0, 2**63 - 1), train_seed=st.sampled_from([0, 3, "replicate"]))
def test_a_networks_key_is_that_of_its_cells_content_and_its_seed(
    seed: int, train_seed: int | Literal["replicate"]
) -> None:
    protocol = PROTOCOL.model_copy(update={"data": SpiralData(train_seed=train_seed)})
    for configuration in (DCE, CE):
        values = content(protocol, configuration)
        assert network_keys(values)(seed) == digest(values | {"seed": seed})


@pytest.mark.parametrize(
    "protocol",
    [
        PROTOCOL.model_copy(update={"steps": 201}),
        PROTOCOL.model_copy(update={"dtype": "float64"}),
        PROTOCOL.model_copy(update={"network": Network(depth=2)}),
        PROTOCOL.model_copy(update={"network": Network(activation="tanh")}),
        PROTOCOL.model_copy(update={"network": Network(initialisation="pytorch")}),
        PROTOCOL.model_copy(update={"optimiser": SGD(momentum=0.5)}),
        PROTOCOL.model_copy(update={"optimiser": SGD(batch=7)}),
        PROTOCOL.model_copy(update={"data": SpiralData(noise=0.1)}),
        PROTOCOL.model_copy(update={"data": SpiralData(train_seed="replicate")}),
        PROTOCOL.model_copy(update={"data": SpiralData(validation_seed=2)}),
    ],
)
def test_whatever_changes_a_network_changes_its_key(protocol: Protocol) -> None:
    for configuration in (DCE, CE):
        assert configuration_key(protocol, configuration) != configuration_key(
            PROTOCOL, configuration
        )
    for other in (
        replace(DCE, width=6),
        replace(DCE, learning_rate=0.5),
        replace(DCE, amplitude=4),
        replace(DCE, period=11),
        replace(DCE, loss="dmse1"),
    ):
        assert configuration_key(PROTOCOL, other) != configuration_key(PROTOCOL, DCE)


def test_a_schedule_is_content_where_the_loss_is_dynamical() -> None:
    sine = PROTOCOL.model_copy(update={"schedule": "sine"})
    assert configuration_key(sine, DCE) != configuration_key(PROTOCOL, DCE)
    assert configuration_key(sine, CE) == configuration_key(PROTOCOL, CE)


def test_steps_per_learning_rate_are_the_steps_that_they_come_to() -> None:
    per_rate = Protocol.model_validate({"steps": {"per_learning_rate": 100}, "tail": 50})
    for rate, steps in ((1.0, 100), (0.5, 200), (0.03, 3333), (400.0, 1)):
        assert per_rate.at(rate).training_steps == steps
    half = replace(DCE, learning_rate=0.5)
    assert configuration_key(per_rate, half) == configuration_key(PROTOCOL, half)
    assert configuration_key(per_rate, DCE) != configuration_key(PROTOCOL, DCE)


def test_until_its_onset_a_network_is_another() -> None:
    whole = {"steps": 200, "tail": 0, "curvature": {}}
    ends = Protocol.model_validate(whole | {"until": "onset"})
    assert configuration_key(ends, CE) != configuration_key(Protocol.model_validate(whole), CE)


def test_the_tail_counts_as_what_really_runs_and_not_for_static_losses() -> None:
    # 15 oscillations of 10 steps fit before a tail of 50, and before one of 41
    same = PROTOCOL.model_copy(update={"tail": 41})
    other = PROTOCOL.model_copy(update={"tail": 40})
    assert configuration_key(same, DCE) == configuration_key(PROTOCOL, DCE)
    assert configuration_key(other, DCE) != configuration_key(PROTOCOL, DCE)
    assert configuration_key(other, CE) == configuration_key(PROTOCOL, CE)
