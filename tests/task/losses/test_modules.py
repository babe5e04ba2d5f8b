"""The losses as PyTorch modules."""

import copy
import itertools
import math
import pickle
from typing import Any

import numpy as np
import pytest
import torch
import torch._dynamo.testing
from torch import Tensor, nn

import dynstudy
from dynstudy.task.losses.schedule_module import Schedule
from dynstudy.task.schedule import SCHEDULES, class_weights

MODULES = {
    "dce": dynstudy.DynamicalCrossEntropy,
    "dmse1": dynstudy.DynamicalMSE1,
    "dmse2": dynstudy.DynamicalMSE2,
}


def one_hot(c: int, classes: int) -> list[float]:
    return [1.0 if i == c else 0.0 for i in range(classes)]


def cross_entropy(f: Tensor, c: int, gamma: Tensor) -> Tensor:
    return gamma[c] * (torch.logsumexp(f, 0) - f[c])


def squares(f: Tensor, c: int, gamma: Tensor) -> Tensor:
    return gamma[c] * sum((f[i] - t) ** 2 for i, t in enumerate(one_hot(c, len(f))))


def target_squares(f: Tensor, c: int, gamma: Tensor) -> Tensor:
    return sum((f[i] - gamma[i] * t) ** 2 for i, t in enumerate(one_hot(c, len(f))))


OF_A_POINT = {
    "ce": cross_entropy,
    "mse": squares,
    "dce": cross_entropy,
    "dmse1": squares,
    "dmse2": target_squares,
}
"""Each loss of one point, written as sums over outputs: equations 2 to 4."""


def by_definition(loss: str, f: Tensor, y: Tensor, gamma: Tensor) -> float:
    points = zip(f, y.tolist(), strict=True)
    return sum(float(OF_A_POINT[loss](output, c, gamma)) for output, c in points) / len(y)


@pytest.fixture
def sample() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    output = torch.randn(40, 4, generator=generator, dtype=torch.float64) * 3
    return output, torch.randint(0, 4, (40,), generator=generator)


@pytest.mark.parametrize("loss", MODULES)
@pytest.mark.parametrize("step", [0, 7, 25, 99, 1234])
def test_modules_follow_the_equations(loss: str, step: int, sample: tuple[Tensor, Tensor]) -> None:
    module = MODULES[loss](num_classes=4, amplitude=13, period=50)
    gamma = torch.as_tensor(class_weights(step, 4, 13, 50))
    assert float(module(*sample, step)) == pytest.approx(
        by_definition(loss, *sample, gamma), rel=1e-12
    )


def test_at_amplitude_1_they_are_the_static_losses_of_pytorch(
    sample: tuple[Tensor, Tensor],
) -> None:
    output, target = sample
    one_hot = nn.functional.one_hot(target, 4).double()
    cross_entropy = float(nn.CrossEntropyLoss()(output, target))
    squares = 4 * float(nn.MSELoss()(output, one_hot))  # PyTorch averages over the outputs as well
    for loss, expected in (("dce", cross_entropy), ("dmse1", squares), ("dmse2", squares)):
        module = MODULES[loss](num_classes=4, amplitude=1, period=50)
        assert float(module(output, target, 31)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("loss", MODULES)
def test_they_train_a_network_of_ones_own(loss: str, sample: tuple[Tensor, Tensor]) -> None:
    torch.manual_seed(0)
    inputs, target = sample
    model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 4)).double()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05)
    module = MODULES[loss](num_classes=4, amplitude=3, period=20)
    static = MODULES[loss](num_classes=4, amplitude=1, period=20)
    before = static(model(inputs), target, 0).item()
    for step in range(200):
        optimiser.zero_grad()
        module(model(inputs), target, step).backward()
        optimiser.step()
    assert static(model(inputs), target, 0).item() < 0.8 * before


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((1, 3, 10), "num_classes"),
        ((3, 0.5, 10), "amplitude"),
        ((3, float("nan"), 10), "amplitude"),
        ((3, float("inf"), 10), "amplitude"),
        ((3, "7", 10), "amplitude"),
        ((3, 7, None), "period must be a whole number of at least 2, not None"),
        (("3", 7, 10), "num_classes"),
        ((3, 3, 1), "period"),
        ((3, 3, 10.5), "period"),
        ((2.5, 3, 10), "num_classes"),
        ((3, 3, 10, -1), "tail_start"),
        ((3, 3, 10, 2.5), "tail_start"),
        ((3, 3, float("nan")), "period"),
        ((3, 3, float("inf")), "period"),
        ((np.array([3]), 3, 10), r"num_classes must be a whole number of at least 2, not array"),
        ((3, np.array([70.0]), 10), "amplitude must be a finite number"),
        ((3, torch.tensor([1.0, 2.0]), 10), "amplitude must be a finite number"),
        ((3, torch.nn.Parameter(torch.tensor(70.0)), 10), "amplitude must be a finite number"),
        ((3, 10**400, 10), "amplitude must be a finite number"),
        ((3, 1e308, 10), "amplitude must be a finite number"),
    ],
)
def test_arguments_out_of_range_are_named(arguments: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        dynstudy.DynamicalCrossEntropy(*arguments)


@pytest.mark.parametrize("loss", MODULES)
@pytest.mark.parametrize(
    ("output", "target", "step", "said"),
    [
        ((6, 3), [0] * 4, 0, r"target must be \(6,\), a class for each output, .*, not \(4,\)"),
        ((6, 3), [[0]] * 6, 0, r"or probabilities \(6, 3\), not \(6, 1\)"),
        ((6, 4), [0] * 6, 0, r"output must be \(N, 3\), .* for num_classes=3, not \(6, 4\)"),
        ((6, 3, 2), [0] * 6, 0, r"target must be \(6, 2\), a class for each output"),
        ((6, 2, 3), [[0] * 3] * 6, 0, r"output must be .* or \(N, 3, ...\)"),
        ((3,), [0], 0, r"target must be \(\), a class for each output"),
        ((), 0, 0, r"output must be \(N, 3\), \(3,\)"),
        ((2, 3), [0.0, 1.0], 0, "whole numbers of classes, not torch.float32"),
        ((2, 3), [0, 3], 0, "target has class 3; they are 0 to 2"),
        ((2, 3), [0, -1], 0, "target has class -1; they are 0 to 2"),
        ((2, 3), [0, -99], 0, "target has class -99"),
        ((2, 3), [0, 1], -1, "step must be a whole number of at least 0, not -1"),
        ((2, 3), [0, 1], "5", "step must be a whole number of at least 0, not '5'"),
        ((2, 3), [0, 1], [5, 6], "step must be a whole number"),
        ((2, 3), [0, 1], 1e30, "step must be a whole number"),
        ((2, 3), [0, 1], np.array([5, 6]), r"step must be a whole number of at least 0, not array"),
        ((2, 3), [0, 1], torch.tensor(-1), "step must be a whole number of at least 0, not tensor"),
        ((2, 3), [0, 1], 3.5, "step must be a whole number of at least 0, not 3.5"),
    ],
)
def test_what_does_not_fit_is_said(
    loss: str, output: tuple[int, ...], target: Any, step: Any, said: str
) -> None:
    module = MODULES[loss](num_classes=3, amplitude=7, period=10)
    with pytest.raises(ValueError, match=said):
        module(torch.zeros(output), torch.tensor(target), step)


@pytest.mark.parametrize("loss", MODULES)
def test_the_tail_is_the_static_loss(loss: str, sample: tuple[Tensor, Tensor]) -> None:
    module = MODULES[loss](num_classes=4, amplitude=13, period=50, tail_start=80)
    endless = MODULES[loss](num_classes=4, amplitude=13, period=50)
    static = MODULES[loss](num_classes=4, amplitude=1, period=50)
    assert float(module(*sample, 79)) == float(endless(*sample, 79))
    for step in (80, 1000):
        assert float(module(*sample, step)) == float(static(*sample, 0))


def test_steps_are_counted_in_training_and_kept(sample: tuple[Tensor, Tensor]) -> None:
    module = MODULES["dce"](num_classes=4, amplitude=13, period=50)
    expected = [float(module(*sample, step)) for step in range(3)]  # which counts nothing
    assert [float(module(*sample)) for _ in range(2)] == expected[:2]
    again = MODULES["dce"](num_classes=4, amplitude=13, period=50)
    again.load_state_dict(module.state_dict())
    again.eval()
    assert [float(again(*sample)) for _ in range(2)] == [expected[2]] * 2
    assert float(again.train()(*sample)) == expected[2]
    assert int(again.steps) == 3


@pytest.mark.parametrize("loss", MODULES)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32])
def test_classes_are_classes_in_whole_numbers_of_any_size(loss: str, dtype: torch.dtype) -> None:
    module = MODULES[loss](num_classes=3, amplitude=7, period=10)
    output, target = torch.randn(3, 3), torch.tensor([0, 1, 1])  # as many as a mask would have
    assert float(module(output, target.to(dtype), 3)) == float(module(output, target, 3))


@pytest.mark.parametrize("loss", MODULES)
def test_outputs_are_tensors_of_real_numbers(loss: str) -> None:
    module = MODULES[loss](num_classes=3, amplitude=7, period=10)
    output, target = torch.randn(2, 3), torch.tensor([0, 1])
    for dtype in (torch.int64, torch.complex64):
        with pytest.raises(ValueError, match=f"must be floating-point numbers, not {dtype}"):
            module(output.to(dtype), target)
    with pytest.raises(TypeError, match=r"output must be a torch\.Tensor, not list"):
        module(output.tolist(), target)
    with pytest.raises(TypeError, match=r"target must be a torch\.Tensor, not ndarray"):
        module(output, target.numpy())
    assert int(module.steps) == 0  # what is refused is no step


@pytest.mark.parametrize("loss", MODULES)
def test_a_number_may_be_a_tensor_or_an_array_of_one(
    loss: str, sample: tuple[Tensor, Tensor]
) -> None:
    module = MODULES[loss](num_classes=4, amplitude=13, period=50)
    expected = float(module(*sample, 3))
    for kind in (torch.tensor, np.array, np.int32):
        arguments = kind(4), kind(13), kind(50)
        assert float(MODULES[loss](*arguments)(*sample, kind(3))) == expected


@pytest.mark.parametrize("loss", MODULES)
def test_what_is_elsewhere_is_refused(loss: str) -> None:
    module = MODULES[loss](num_classes=3, amplitude=7, period=10)
    with pytest.raises(ValueError, match="target is on meta, output on cpu"):
        module(torch.randn(2, 3), torch.tensor([0, 1], device="meta"), 3)


@pytest.mark.parametrize("count", [-5, float("nan")])
@pytest.mark.parametrize("key", ["steps", "schedule.steps"])
def test_steps_that_are_damaged_are_not_loaded(key: str, count: float) -> None:
    module = MODULES["dce"](num_classes=4, amplitude=13, period=50)
    with pytest.raises(ValueError, match="step must be a whole number of at least 0"):
        module.load_state_dict({key: torch.tensor(count)})
    assert int(module.steps) == 0


def test_a_state_that_was_saved_before_there_were_schedules_is_loaded() -> None:
    module = MODULES["dce"](num_classes=4, amplitude=13, period=50)
    inside = nn.ModuleDict({"loss": module})
    for target, state in ((module, {"steps": torch.tensor(7)}), (inside, {"loss.steps": 8})):
        saved = {key: torch.as_tensor(value) for key, value in state.items()}
        target.load_state_dict(saved)
        assert list(saved) == list(state)  # which stays as it was
        assert int(module.steps) == int(*saved.values())


# --- as torch.nn.CrossEntropyLoss ---------------------------------------------------------------

SHAPES = [(5,), (40, 5), (12, 5, 3), (4, 5, 3, 2)]
OPTIONS = {
    "weight": [None, torch.tensor([0.3, 2.0, 1.0, 0.0, 0.7], dtype=torch.float64)],
    "reduction": ["mean", "sum", "none"],
    "label_smoothing": [0.0, 0.1, 1.0],
}
COMBINATIONS = [
    dict(zip(OPTIONS, values, strict=True)) for values in itertools.product(*OPTIONS.values())
]


def given(shape: tuple[int, ...], kind: str) -> tuple[Tensor, Tensor]:
    """Outputs of a shape, and targets: classes, some of them to be ignored, or probabilities."""
    generator = torch.Generator().manual_seed(len(shape))
    output = torch.randn(shape, generator=generator, dtype=torch.float64) * 3
    at = min(len(shape) - 1, 1)
    if kind == "probabilities":
        drawn = torch.randn(shape, generator=generator, dtype=torch.float64)
        return output, torch.softmax(drawn, at)
    target = torch.randint(0, 5, (*shape[:at], *shape[at + 1 :]), generator=generator)
    if kind == "ignored":
        target.view(-1)[::3] = -100
    return output, target


@pytest.mark.parametrize("kind", ["classes", "ignored", "probabilities"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_at_amplitude_1_the_cross_entropy_is_that_of_pytorch_whatever_its_options(
    shape: tuple[int, ...], kind: str
) -> None:
    output, target = given(shape, kind)
    for options in COMBINATIONS:
        expected = nn.CrossEntropyLoss(**options)(output, target)
        module = dynstudy.DynamicalCrossEntropy(5, 1, 10, **options)
        torch.testing.assert_close(
            module(output, target, 3), expected, rtol=1e-13, atol=0, equal_nan=True
        )


def test_a_class_may_be_the_one_that_is_ignored() -> None:
    output, target = given((40, 5), "classes")
    expected = nn.CrossEntropyLoss(ignore_index=2)(output, target)
    module = dynstudy.DynamicalCrossEntropy(5, 1, 10, ignore_index=2)
    torch.testing.assert_close(module(output, target), expected, rtol=1e-13, atol=0)
    with pytest.raises(ValueError, match="target has class -100; they are 0 to 4"):
        module(*given((40, 5), "ignored"))


def written_out(loss: str, options: dict[str, Any], gamma: Tensor, f: Tensor, q: Tensor) -> Tensor:
    """The loss of one sample, from its outputs (C,) and its probabilities (C,), as sums."""
    share, w = options["label_smoothing"], options["weight"]
    w = torch.ones(5) if w is None else w
    y = [(1 - share) * float(q[c]) + share / 5 for c in range(5)]
    log_p = f - torch.logsumexp(f, 0)
    if loss == "dce":
        return -sum(gamma[c] * w[c] * y[c] * log_p[c] for c in range(5))
    if loss == "dmse1":
        own_weight = sum(gamma[c] * w[c] * q[c] for c in range(5))
        return own_weight * sum((f[c] - y[c]) ** 2 for c in range(5))
    return sum(w[c] * q[c] for c in range(5)) * sum((f[c] - gamma[c] * y[c]) ** 2 for c in range(5))


@pytest.mark.parametrize("kind", ["classes", "ignored", "probabilities"])
@pytest.mark.parametrize("loss", MODULES)
def test_with_every_option_they_are_the_equations_written_out(loss: str, kind: str) -> None:
    output, target = given((4, 5, 3), kind)
    gamma = torch.as_tensor(class_weights(17, 5, 13, 10))
    rows, marks = output.movedim(1, -1).reshape(-1, 5), target.reshape(-1)
    if kind == "probabilities":
        q, counted = target.movedim(1, -1).reshape(-1, 5), torch.ones(12, dtype=torch.bool)
    else:
        counted = marks >= 0
        q = nn.functional.one_hot(marks.clamp_min(0), 5).double()
    for options in COMBINATIONS:
        points = torch.stack([
            written_out(loss, options, gamma, f, y) if counts else torch.zeros(()).double()
            for f, y, counts in zip(rows, q, counted, strict=True)
        ])
        w = options["weight"]
        of_samples = w is not None and kind != "probabilities"
        total = (q @ w)[counted].sum() if of_samples else counted.sum()
        expected = {"none": points.view(4, 3), "sum": points.sum(), "mean": points.sum() / total}
        module = MODULES[loss](5, 13, 10, **options)
        torch.testing.assert_close(
            module(output, target, 17), expected[options["reduction"]], rtol=1e-12, atol=1e-15
        )


@pytest.mark.parametrize("kind", ["classes", "ignored", "probabilities"])
@pytest.mark.parametrize("loss", MODULES)
def test_their_gradients_are_those_of_finite_differences(loss: str, kind: str) -> None:
    output, target = given((3, 5, 2), kind)
    options = {"weight": OPTIONS["weight"][1], "label_smoothing": 0.1}
    module = MODULES[loss](5, 13, 10, **options)
    output.requires_grad_()
    target.requires_grad_(kind == "probabilities")
    assert torch.autograd.gradcheck(lambda f, y: module(f, y, 17), (output, target))
    assert torch.autograd.gradgradcheck(lambda f: module(f, target.detach(), 17), (output,))


@pytest.mark.parametrize("loss", MODULES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_outputs_of_half_precision_are_taken_to_float32_with_and_without_autocast(
    loss: str, dtype: torch.dtype
) -> None:
    output, target = given((40, 5), "classes")
    halves = output.to(dtype)
    module = MODULES[loss](5, 13, 10, label_smoothing=0.1, weight=OPTIONS["weight"][1].float())
    expected = module(halves.float(), target, 17)
    probabilities = nn.functional.one_hot(target, 5).to(dtype)
    of_probabilities = module(halves.float(), probabilities.float(), 17)
    for enabled in (False, True):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            assert module(halves, target, 17).dtype == torch.float32
            assert torch.equal(module(halves, target, 17), expected)
            assert torch.equal(module(halves, probabilities, 17), of_probabilities)
    # weights of classes are not rounded to 3 digits with the outputs
    assert float(expected) == pytest.approx(
        float(module.double()(halves.double(), target, 17)), rel=1e-5
    )


@pytest.mark.parametrize("loss", MODULES)
def test_a_model_that_is_taken_to_half_precision_keeps_the_weights_exact(loss: str) -> None:
    output, target = given((40, 5), "classes")
    module = MODULES[loss](5, 70.1, 1234, tail_start=99_999)
    expected = module(output, target, 77_777)
    module.half()
    assert torch.equal(module(output, target, 77_777), expected)


@pytest.mark.parametrize("loss", MODULES)
def test_a_copy_counts_by_itself(loss: str, sample: tuple[Tensor, Tensor]) -> None:
    module = MODULES[loss](4, 13, 50, weight=torch.ones(4))
    module(*sample)
    for again in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert float(again(*sample)) == float(module(*sample, 1))
        assert (int(again.steps), int(module.steps)) == (2, 1)
    assert set(module.state_dict()) == {"schedule.steps", "weight"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"reduction": "average"}, "reduction 'average' is not one of mean, sum, none"),
        ({"label_smoothing": 1.5}, "label_smoothing must be from 0 to 1, not 1.5"),
        ({"label_smoothing": float("nan")}, "label_smoothing must be from 0 to 1, not nan"),
        ({"label_smoothing": "0.1"}, "label_smoothing must be from 0 to 1, not '0.1'"),
        ({"ignore_index": 1.5}, "ignore_index must be a whole number"),
        ({"weight": torch.ones(3)}, r"weight must be \(5,\), one a class, not \(3,\)"),
        ({"weight": torch.tensor([1, 1, 1, 1, -1.0])}, "weight must be finite and at least 0"),
        ({"weight": torch.tensor([1, 1, 1, 1, math.nan])}, "weight must be finite and at least 0"),
        ({"schedule": "sinus"}, "schedule 'sinus' is not one of triangle, .*; did you mean 'sine'"),
        ({"schedule": Schedule(5, 3, 10)}, "with a Schedule, leave out num_classes"),
    ],
)
def test_options_out_of_range_are_named(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        dynstudy.DynamicalCrossEntropy(5, 13, 10, **options)


@pytest.mark.parametrize("loss", MODULES)
def test_what_is_ignored_has_no_meaning_among_probabilities(loss: str) -> None:
    module = MODULES[loss](5, 13, 10, ignore_index=2)
    with pytest.raises(ValueError, match="ignore_index=2 has no meaning where targets are prob"):
        module(*given((40, 5), "probabilities"))


@pytest.mark.parametrize("loss", MODULES)
def test_whole_static_weights_are_numbers_and_a_print_shows_what_is_set(loss: str) -> None:
    output, target = given((40, 5), "classes")
    whole, real = (
        MODULES[loss](5, 13, 10, weight=w) for w in ([1, 2, 3, 4, 5], torch.arange(1.0, 6))
    )
    assert float(whole(output, target, 3)) == float(real(output, target, 3))
    shown = str(MODULES[loss](5, 13, 10, schedule="sine", reduction="sum", ignore_index=-1))
    assert "ignore_index=-1, reduction='sum'" in shown
    assert "5, amplitude=13, period=10, kind='sine'" in shown


# --- the schedule -------------------------------------------------------------------------------


def test_a_schedule_is_shared_by_losses_and_counted_by_whom_it_belongs_to(
    sample: tuple[Tensor, Tensor],
) -> None:
    schedule = Schedule(4, 13, 50, kind="square")
    losses = [MODULES[loss](schedule=schedule) for loss in ("dce", "dmse2")]
    alone = [MODULES[loss](4, 13, 50, schedule="square") for loss in ("dce", "dmse2")]
    for step in range(60, 63):
        schedule.load_state_dict({"steps": torch.tensor(step)})
        for shared, module in zip(losses, alone, strict=True):
            values = {float(shared(*sample)) for _ in range(2)}  # of gradients that are added up
            assert values == {float(module(*sample, step))}
    assert int(schedule.steps) == 62
    schedule.step()
    assert [int(loss.steps) for loss in losses] == [63, 63]


@pytest.mark.parametrize("kind", SCHEDULES)
@pytest.mark.parametrize("loss", MODULES)
def test_what_is_compiled_is_one_graph_at_every_step_and_of_every_amplitude(
    loss: str, kind: str
) -> None:
    torch._dynamo.reset()
    graphs = torch._dynamo.testing.CompileCounter()
    output, target = given((40, 5), "ignored")
    for amplitude, period, tail_start in ((13, 4, 9), (70, 5, None), (1, 2, 0)):
        arguments = {"schedule": kind, "label_smoothing": 0.1, "weight": OPTIONS["weight"][1]}
        module = MODULES[loss](5, amplitude, period, tail_start, **arguments)
        compiled = torch.compile(module, backend=graphs, fullgraph=True)
        expected = [module(output, target, step) for step in range(12)]
        torch.testing.assert_close([compiled(output, target) for _ in range(12)], expected)
        assert int(module.steps) == 12
    assert graphs.frame_count == 1
    named = [compiled(output, target, torch.tensor(step)) for step in range(12)]
    torch.testing.assert_close(named, expected)
    assert (int(module.steps), graphs.frame_count) == (12, 2)


@pytest.mark.parametrize("loss", MODULES)
def test_gradients_of_each_sample_are_had_by_vmap_where_the_step_is_named(loss: str) -> None:
    output, target = given((6, 5), "ignored")
    module = MODULES[loss](5, 13, 10, reduction="sum", label_smoothing=0.1)
    of_each = torch.func.vmap(torch.func.grad(lambda f, y: module(f, y, 17)))(output, target)
    output.requires_grad_()
    module(output, target, 17).backward()
    torch.testing.assert_close(of_each, output.grad)
    steps = torch.tensor([3, 17])
    output = output.detach()
    several = torch.func.vmap(lambda step: module(output, target, step))(steps)
    assert several.tolist() == [float(module(output, target, int(step))) for step in steps]
    assert int(module.steps) == 0


@pytest.mark.parametrize(
    "backend",
    ["aot_eager_decomp_partition", pytest.param("inductor", marks=pytest.mark.compile)],
)
@pytest.mark.parametrize("loss", MODULES)
def test_compiled_with_its_gradient_a_training_is_the_same(loss: str, backend: str) -> None:
    """A backward pass that computed Γ again, after the step was counted, would have the next."""
    torch._dynamo.reset()
    output, target = given((40, 5), "ignored")
    ends = []
    for compiled in (False, True):
        torch.manual_seed(0)
        model = nn.Linear(5, 5).double()
        optimiser = torch.optim.SGD(model.parameters(), lr=0.01)
        module = MODULES[loss](5, 13, 4, tail_start=20, schedule="random")

        def of_batch(x: Tensor, y: Tensor, model: Any = model, module: Any = module) -> Tensor:
            return module(model(x), y)

        function = torch.compile(of_batch, backend=backend) if compiled else of_batch
        for _ in range(30):
            optimiser.zero_grad()
            function(output, target).backward()
            optimiser.step()
        ends.append(model.weight.detach())
        assert int(module.steps) == 30
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-10, atol=1e-12)
