"""The same training as one would write it in PyTorch without dynstudy's engine."""

from collections.abc import Callable
from types import FunctionType

import torch
from torch import Tensor

from dynstudy.bench.device import finish
from dynstudy.bench.problem import RATE, Problem
from dynstudy.task.losses.cross_entropy import weighted_cross_entropy
from dynstudy.train import Parameters

TorchState = tuple[Tensor, Tensor, Tensor, Tensor]


class Loop:
    """One network, ``torch.nn``, ``torch.optim.SGD``, a Python loop."""

    grain = 10

    def __init__(self, problem: Problem, device: str = "cpu") -> None:
        if problem.networks != 1:
            raise ValueError("a plain loop trains one network")
        self.problem, self.device, self.step = problem, device, 0
        self.inputs = torch.tensor(problem.data.x[0], dtype=torch.float32, device=device)
        self.target = torch.tensor(problem.data.y, device=device)
        self.cycle = torch.tensor(problem.cycle()[:, 0], device=device)  # (steps, C)
        self.model = torch.nn.Sequential(
            torch.nn.Linear(problem.data.features, problem.width),
            torch.nn.ReLU(),
            torch.nn.Linear(problem.width, problem.classes),
        )
        drawn = problem.initial()
        values = (drawn.W1[0].T, drawn.b1[0], drawn.W2[0].T, drawn.b2[0])
        for parameter, value in zip(self.model.parameters(), values, strict=True):
            parameter.data.copy_(torch.tensor(value))
        self.model.to(device)
        self.optimiser = torch.optim.SGD(self.model.parameters(), lr=RATE)

    def advance(self, steps: int) -> None:
        """Take so many steps more."""
        for step in range(self.step, self.step + steps):
            weights = self.cycle[step % self.problem.cycle_steps]
            self.optimiser.zero_grad()
            weighted_cross_entropy(self.model(self.inputs), self.target, weights).backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
        self.step += steps
        finish(self.device)

    def parameters(self) -> Parameters:
        """The parameters as they are now."""
        W1, b1, W2, b2 = (p.detach().cpu().numpy().copy() for p in self.model.parameters())
        return Parameters.of_layers(W1.T[None], b1[None], W2.T[None], b2[None])


def batched_step(
    x: Tensor, one_hot: Tensor, target: Tensor, weights: Tensor, state: TorchState
) -> TorchState:
    """One step of all networks, with points (B, P, F) and Γ (B, C): the gradient by hand."""
    W1, b1, W2, b2 = state  # (B, F, H), (B, 1, H), (B, H, C), (B, 1, C)
    hidden = torch.relu(torch.baddbmm(b1, x, W1))
    output = torch.baddbmm(b2, hidden, W2)
    of_point = (weights[:, target] / len(target))[..., None]
    of_output = (torch.softmax(output, -1) - one_hot) * of_point
    of_hidden = torch.bmm(of_output, W2.mT) * (hidden > 0)
    return (
        torch.baddbmm(W1, x.mT, of_hidden, alpha=-RATE),
        b1 - RATE * of_hidden.sum(1, keepdim=True),
        torch.baddbmm(W2, hidden.mT, of_output, alpha=-RATE),
        b2 - RATE * of_output.sum(1, keepdim=True),
    )


class Batched:
    """Many networks at once in ``torch.bmm``."""

    grain = 10

    def __init__(self, problem: Problem, device: str = "cpu") -> None:
        self.problem, self.device, self.step = problem, device, 0
        self.take = batched_step
        drawn = problem.initial()
        arrays = (drawn.W1, drawn.b1[:, None], drawn.W2, drawn.b2[:, None])
        W1, b1, W2, b2 = (torch.tensor(a, dtype=torch.float32, device=device) for a in arrays)
        self.state: TorchState = (W1, b1, W2, b2)
        x = torch.tensor(problem.data.x, dtype=torch.float32, device=device)
        self.x = x.repeat(problem.networks, 1, 1)
        self.target = torch.tensor(problem.data.y, device=device)
        self.one_hot = torch.nn.functional.one_hot(self.target, problem.classes).float()
        # a little more than a cycle, so that the steps of a grain lie one after the other
        self.cycle = torch.tensor(problem.cycle(self.grain), device=device)

    def advance(self, steps: int) -> None:
        """Take so many steps more."""
        for step in range(self.step, self.step + steps):
            self.state = self.stepped(self.state, self.cycle[step % self.problem.cycle_steps])
        self.step += steps
        finish(self.device)

    @torch.no_grad()
    def stepped(self, state: TorchState, weights: Tensor) -> TorchState:
        """One step from a state, which stays as it is, with the weights (B, C)."""
        return self.take(self.x, self.one_hot, self.target, weights, state)

    def parameters(self) -> Parameters:
        """The parameters as they are now."""
        W1, b1, W2, b2 = (tensor.cpu().numpy().copy() for tensor in self.state)
        return Parameters.of_layers(W1, b1[:, 0], W2, b2[:, 0])


class Compiled(Batched):
    """Many networks at once, their step compiled by ``torch.compile``."""

    def __init__(self, problem: Problem, device: str = "cpu") -> None:
        super().__init__(problem, device)
        # fullgraph: what cannot be compiled whole is an error, not quietly the uncompiled step
        # code of its own: PyTorch compiles so many versions of one, and no more
        take = FunctionType(batched_step.__code__.replace(), batched_step.__globals__)
        self.take = torch.compile(take, dynamic=False, fullgraph=True)


class Graphed(Batched):
    """Many networks at once, a grain of their steps captured in a CUDA graph; only on a card.

    A graph reads and writes where it did when it was captured: the state stays in its tensors, and
    the weights are copied to where the graph looks for them.
    """

    def __init__(self, problem: Problem, device: str = "cuda") -> None:
        super().__init__(problem, device)
        self.weights = self.cycle[: self.grain].clone()
        before = [tensor.clone() for tensor in self.state]
        self.replay = self.captured()
        self._keep(before)  # warming up took steps

    def advance(self, steps: int) -> None:
        """Take so many steps more; those that fill no grain one by one."""
        until = self.step + steps
        while self.step + self.grain <= until:
            first = self.step % self.problem.cycle_steps
            self.weights.copy_(self.cycle[first : first + self.grain])
            self.replay()
            self.step += self.grain
        for step in range(self.step, until):
            self._keep(self.stepped(self.state, self.cycle[step % self.problem.cycle_steps]))
        self.step = until
        finish(self.device)

    def captured(self) -> Callable[[], None]:
        """Capture `take_a_grain`, warmed up on a side stream as PyTorch asks for."""
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self.take_a_grain()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=side):
            self.take_a_grain()
        return graph.replay

    def take_a_grain(self) -> None:
        """A step with each of the weights, in the tensors of the state."""
        state = self.state
        for weights in self.weights:
            state = self.stepped(state, weights)
        self._keep(state)

    def _keep(self, state: TorchState | list[Tensor]) -> None:
        for kept, new in zip(self.state, state, strict=True):
            kept.copy_(new)
