"""A step as a CUDA graph: launched op by op, networks of this size leave a card idle.

A graph reads and writes where it did when it was captured, so a step takes all it needs from
tensors that stay where they are.
"""

import torch
from torch import Tensor

from dynstudy.train.backends._autograd_state import Block, Inputs

WARM_UP = 3
"""Steps before one is captured, as PyTorch asks for: libraries set themselves up on first use."""


class Captured:
    """Steps of a block that all see the same points, at most so many in a run."""

    def __init__(self, block: Block, most: int) -> None:
        self.block, self.inputs = block, block.inputs(0, most)
        self.losses = torch.zeros_like(self.inputs.rates)
        self.row = torch.zeros(1, dtype=torch.int64, device=block.x.device)
        self.graph = self.capture()

    def run(self, inputs: Inputs) -> Tensor:
        """Take as many steps as there are inputs; the losses before them (K, B)."""
        count = len(inputs.rates)
        for name, kept in vars(self.inputs).items():
            kept[:count] = getattr(inputs, name)
        self.row.zero_()
        with torch.cuda.device(self.block.x.device):
            for _ in range(count):
                self.graph.replay()
        return self.losses[:count].clone()

    def take(self) -> None:
        """A step whose inputs are in the row that comes next."""
        block, given = self.block, self.inputs
        of_row = [
            each.index_select(0, self.row)[0]
            for each in (given.weights, given.rates, given.numbers)
        ]
        losses = torch.empty_like(of_row[1])
        points = block.x.mT, block.hot
        block.step(block.tensors, block.remembered, block.rate, *points, *of_row, losses)
        self.losses.index_copy_(0, self.row, losses[None])
        self.row += 1

    @torch.no_grad()
    def capture(self) -> torch.cuda.CUDAGraph:
        """Record a step, warmed up on a side stream; the networks stay as they are."""
        before = self.block.copies()
        with torch.cuda.device(self.block.x.device):
            stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                for _ in range(WARM_UP):
                    self.take()
            torch.cuda.current_stream().wait_stream(stream)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                self.take()  # recorded, not run
        self.block.put_back(before)
        return graph
