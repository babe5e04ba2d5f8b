"""Every optimiser is PyTorch's, full-batch and in minibatches, however a training is cut."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from dynstudy.task.losses import LOSSES
from dynstudy.task.network import Network
from dynstudy.task.optimiser import SGD, Adam, AdamW, Optimiser
from dynstudy.train import Data, Ensemble, Parameters, train
from dynstudy.train.backends import load
from dynstudy.train.backends._autograd_batches import order
from dynstudy.train.backends._autograd_optimiser import (
    remembered_at_first,
    step_numbers,
    step_rates,
    update,
)
from dynstudy.train.readings import Readings
from tests.conftest import make_data

STEPS, RATE = 23, 0.05
OPTIMISERS: list[Optimiser] = [
    SGD(),
    SGD(weight_decay=0.1),
    SGD(momentum=0.9),
    SGD(momentum=0.9, dampening=0.3, weight_decay=0.01),
    SGD(momentum=0.8, nesterov=True),
    Adam(name="adam"),
    Adam(name="adam", betas=(0.5, 0.9), eps=1e-3, weight_decay=0.1),
    Adam(name="adam", amsgrad=True, betas=(0.9, 0.6)),
    AdamW(name="adamw"),
    AdamW(name="adamw", amsgrad=True, betas=(0.9, 0.6), weight_decay=0.2),
]


def of_torch(optimiser: Optimiser, parameters: Any) -> torch.optim.Optimizer:
    """The same of PyTorch's, which takes all options by the names of ours."""
    kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    options = optimiser.model_dump(exclude={"name", "batch"})
    return kinds[optimiser.name](parameters, lr=RATE, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=str)
def test_on_the_same_gradients_it_is_pytorchs(optimiser: Optimiser) -> None:
    generator = torch.Generator().manual_seed(0)

    def random(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    ours = [random(2, 3, 4), random(2, 4)]
    theirs = [torch.nn.Parameter(tensor.clone()) for tensor in ours]
    oracle, remembered = of_torch(optimiser, theirs), remembered_at_first(optimiser, ours)
    steps, rate = np.arange(STEPS), np.full(2, RATE)
    rates, numbers = step_rates(optimiser, rate, steps), step_numbers(optimiser, steps)
    for step in range(STEPS):
        gradients = [random(*tensor.shape) for tensor in ours]
        for parameter, gradient in zip(theirs, gradients, strict=True):
            parameter.grad = gradient.clone()
        oracle.step()
        of_step = [torch.tensor(each) for each in (rates[step], rate, numbers[step])]
        update(optimiser, ours, gradients, remembered, *of_step)
    for tensor, parameter in zip(ours, theirs, strict=True):
        torch.testing.assert_close(tensor, parameter.data, rtol=1e-12, atol=1e-14)


def batches(seed: int, size: int, points: int) -> Iterator[torch.Tensor]:
    """Whole epochs after each other, the last batch of each with what is left."""
    epoch = 0
    while True:
        yield from torch.tensor(order(seed, epoch, points)).split(size)
        epoch += 1


@pytest.mark.parametrize("batch", ["full", 8])
@pytest.mark.parametrize("optimiser", [OPTIMISERS[0], *OPTIMISERS[3::3]], ids=str)
@pytest.mark.parametrize("loss", ["dce", "dmse2"])
def test_a_training_is_that_of_a_plain_loop(
    loss: str, optimiser: Optimiser, batch: int | str
) -> None:
    data = make_data(points=7, validation_points=5)
    optimiser = optimiser.model_copy(update={"batch": batch})
    network = Network(depth=2, activation="tanh")
    ensemble = Ensemble.of(
        loss,
        STEPS,
        width=5,
        learning_rate=RATE,
        amplitude=4,
        period=6,
        seed=[3, 8],
        dtype="float64",
        network=network,
        optimiser=optimiser,
    )
    outcome = train(ensemble, data, backend="autograd", checkpoints=[STEPS], trace=True)
    x, y = torch.tensor(data.x[0]), torch.tensor(data.y)
    for b, seed in enumerate((3, 8)):
        drawn = network.draw(seed, 5, 3, 2).values()
        W1, b1, W2, b2, W3, b3 = leaves = [torch.nn.Parameter(torch.tensor(a)) for a in drawn]
        oracle = of_torch(optimiser, leaves)
        every = batches(seed, len(y) if batch == "full" else 8, len(y))
        for step in range(STEPS):
            members = next(every) if batch == 8 else slice(None)
            weights = torch.tensor(ensemble.class_weights(step, 3)[b])
            hidden = torch.tanh(torch.tanh(x[members] @ W1 + b1) @ W2 + b2)
            value = LOSSES[loss].weighted(hidden @ W3 + b3, y[members], weights)
            np.testing.assert_allclose(outcome.losses[b, step], value.item(), rtol=1e-11)
            oracle.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            oracle.step()
        for ours, leaf in zip(outcome.parameters.arrays.values(), leaves, strict=True):
            np.testing.assert_allclose(ours[b], leaf.detach().numpy(), rtol=1e-10, atol=1e-12)


def test_an_epoch_has_each_point_once_in_an_order_of_its_seed_and_number_alone() -> None:
    drawn = [order(seed, epoch, 50) for seed in (0, 1) for epoch in (0, 1)]
    for each in drawn:
        np.testing.assert_array_equal(np.sort(each), np.arange(50))
    assert len({tuple(each) for each in drawn}) == 4
    np.testing.assert_array_equal(drawn[3], order(1, 1, 50))


def trained_in_parts(ensemble: Ensemble, data: Data, cuts: list[int]) -> tuple[Parameters, Any]:
    checkpoints = np.full((len(ensemble), 1), ensemble.steps)
    readings = Readings.empty(ensemble, checkpoints, data.classes, trace=True)
    start, advance = load("autograd")
    state = start(ensemble, data, Parameters.drawn(ensemble, 3), readings)
    for first, last in zip([0, *cuts], [*cuts, ensemble.steps], strict=True):
        advance(state, first, last - first)
    return state.parameters(), readings.losses


@pytest.mark.parametrize("optimiser", [SGD(momentum=0.9, batch=4), AdamW(name="adamw", batch=5)])
def test_cut_anywhere_and_in_any_company_a_network_is_the_same(optimiser: Optimiser) -> None:
    data = make_data(points=4, validation_points=3)
    several = Ensemble.of(
        "dce",
        30,
        width=[3, 6, 6, 4],
        learning_rate=0.05,
        amplitude=4,
        period=6,
        seed=[5, 0, 1, 2],
        dtype="float64",
        optimiser=optimiser,
    )
    whole, losses = trained_in_parts(several, data, [])
    in_parts, again = trained_in_parts(several, data, [1, 7, 8, 20])
    np.testing.assert_array_equal(losses, again)
    alone, _ = trained_in_parts(several.part(slice(3, 4)), data, [])
    for name, array in whole.arrays.items():
        np.testing.assert_array_equal(array, in_parts.arrays[name])
        of_one = alone.arrays[name][0]
        held = array[(3, *map(slice, of_one.shape))]
        np.testing.assert_allclose(held, of_one, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("optimiser", OPTIMISERS[2:], ids=str)
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
def test_beyond_its_width_a_network_stays_zero(activation: Any, optimiser: Optimiser) -> None:
    ensemble = Ensemble.of(
        "dce",
        9,
        width=[3, 8],
        learning_rate=0.05,
        amplitude=4,
        period=6,
        network=Network(depth=2, activation=activation),
        optimiser=optimiser,
    )
    narrow = train(ensemble, make_data(points=4), backend="autograd", checkpoints=[9]).parameters
    arrays = narrow.part(slice(0, 1)).arrays
    assert not arrays["W1"][0, :, 3:].any()
    assert not arrays["W2"][0, 3:].any()
    assert not arrays["W2"][0, :, 3:].any()
    assert not arrays["b2"][0, 3:].any()
    assert arrays["W2"][0, :3, :3].all()


def test_networks_that_overflow_are_found_at_their_step_and_the_others_go_on() -> None:
    """Momentum as well goes back to where it was before the piece is taken again."""
    data = make_data(points=4)
    common = {"width": 5, "amplitude": 4, "period": 6, "dtype": "float32"}
    optimiser = SGD(momentum=0.9)
    two = Ensemble.of(
        "dmse1", 60, learning_rate=[0.02, 30.0], seed=[0, 1], optimiser=optimiser, **common
    )
    one = Ensemble.of("dmse1", 60, learning_rate=0.02, seed=0, optimiser=optimiser, **common)
    both, calm = (
        train(ensemble, data, backend="autograd", checkpoints=[60], trace=True)
        for ensemble in (two, one)
    )
    assert both.diverged.tolist() == [False, True]
    end = both.diverged_at[1]
    assert 0 < end < 60
    assert np.isfinite(both.losses[1, :end]).all()
    assert np.isnan(both.losses[1, end:]).all()
    np.testing.assert_allclose(both.losses[0], calm.losses[0], rtol=1e-5)
