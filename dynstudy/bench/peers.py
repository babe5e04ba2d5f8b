"""The same training as one would write it in PyTorch without dynstudy's engine."""

import torch
from torch import Tensor

from dynstudy.bench.problem import CLASSES, POINTS, RATE, Problem
from dynstudy.task.losses import weighted_cross_entropy
from dynstudy.train import Parameters

State = tuple[Tensor, Tensor, Tensor, Tensor]


class Loop:
    """One network, ``torch.nn``, ``torch.optim.SGD``, a Python loop."""

    grain = 10

    def __init__(self, problem: Problem) -> None:
        if problem.networks != 1:
            raise ValueError("a plain loop trains one network")
        self.problem, self.step = problem, 0
        self.inputs = torch.tensor(problem.data.x[0], dtype=torch.float32)
        self.target = torch.tensor(problem.data.y)
        self.model = torch.nn.Sequential(
            torch.nn.Linear(2, problem.width),
            torch.nn.ReLU(),
            torch.nn.Linear(problem.width, CLASSES),
        )
        drawn = problem.initial()
        values = (drawn.W1[0].T, drawn.b1[0], drawn.W2[0].T, drawn.b2[0])
        for parameter, value in zip(self.model.parameters(), values, strict=True):
            parameter.data.copy_(torch.tensor(value))
        self.optimiser = torch.optim.SGD(self.model.parameters(), lr=RATE)

    def advance(self, steps: int) -> None:
        """Take so many steps more."""
        weights = torch.tensor(self.problem.class_weights(self.step, steps))[:, 0]
        for weight in weights:
            self.optimiser.zero_grad()
            weighted_cross_entropy(self.model(self.inputs), self.target, weight).backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
        self.step += steps

    def parameters(self) -> Parameters:
        """The parameters as they are now."""
        W1, b1, W2, b2 = (p.detach().numpy().copy() for p in self.model.parameters())
        return Parameters(W1.T[None], b1[None], W2.T[None], b2[None])


def batched_step(
    x: Tensor, one_hot: Tensor, target: Tensor, weights: Tensor, state: State
) -> State:
    """One step of all networks, the gradient by hand.

    Args:
        x: points (B, P, 2).
        one_hot: of their classes (P, C).
        target: their classes (P,).
        weights: Γ (B, C).
        state: W1 (B, 2, H), b1 (B, 1, H), W2 (B, H, C), b2 (B, 1, C).

    Returns:
        The state after the step.
    """
    W1, b1, W2, b2 = state
    hidden = torch.relu(torch.baddbmm(b1, x, W1))
    output = torch.baddbmm(b2, hidden, W2)
    of_output = (torch.softmax(output, -1) - one_hot) * (weights[:, target] / POINTS)[..., None]
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

    def __init__(self, problem: Problem) -> None:
        self.problem, self.step = problem, 0
        self.take = batched_step
        drawn = problem.initial()
        arrays = (drawn.W1, drawn.b1[:, None], drawn.W2, drawn.b2[:, None])
        W1, b1, W2, b2 = (torch.tensor(array, dtype=torch.float32) for array in arrays)
        self.state: State = (W1, b1, W2, b2)
        x = torch.tensor(problem.data.x, dtype=torch.float32)
        self.x = x.repeat(problem.networks, 1, 1)
        self.target = torch.tensor(problem.data.y)
        self.one_hot = torch.nn.functional.one_hot(self.target, CLASSES).float()

    def advance(self, steps: int) -> None:
        """Take so many steps more."""
        weights = torch.tensor(self.problem.class_weights(self.step, steps))
        with torch.no_grad():
            for weight in weights:
                self.state = self.take(self.x, self.one_hot, self.target, weight, self.state)
        self.step += steps

    def parameters(self) -> Parameters:
        """The parameters as they are now."""
        W1, b1, W2, b2 = (tensor.numpy().copy() for tensor in self.state)
        return Parameters(W1, b1[:, 0], W2, b2[:, 0])


class Compiled(Batched):
    """Many networks at once, their step compiled by ``torch.compile``."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        # fullgraph: what cannot be compiled whole is an error, not quietly the uncompiled step
        self.take = torch.compile(batched_step, dynamic=False, fullgraph=True)
