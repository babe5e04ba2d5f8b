"""The same training as one would write it in JAX; needs the extra ``[bench]``."""

import os
from functools import partial

# or JAX takes three quarters of a card's memory from those that it is measured beside
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

import jax
import jax.numpy as jnp
from jax import lax

from dynstudy.bench.problem import RATE, Problem
from dynstudy.train import Parameters

JaxState = tuple[jax.Array, jax.Array, jax.Array, jax.Array]


def has_a_card() -> bool:
    """Whether JAX was installed for one, and finds it."""
    return jax.default_backend() == "gpu"


class JaxScan:
    """``jit(vmap(scan))``, or ``jit(scan)`` for a single network."""

    grain = 250  # the length of a compiled scan: the call costs little beside it

    def __init__(self, problem: Problem, device: str = "cpu") -> None:
        self.problem, self.step = problem, 0
        put = partial(jax.device_put, device=jax.devices(device)[0])
        x = put(problem.data.x[0].astype("float32"))
        one_hot = put(jax.nn.one_hot(problem.data.y, problem.classes, dtype=jnp.float32))

        def loss(state: JaxState, weights: jax.Array) -> jax.Array:
            W1, b1, W2, b2 = state
            output = jax.nn.relu(x @ W1 + b1) @ W2 + b2
            return -((one_hot @ weights) * (jax.nn.log_softmax(output) * one_hot).sum(-1)).mean()

        def take(state: JaxState, weights: jax.Array) -> tuple[JaxState, None]:
            gradients = jax.grad(loss)(state, weights)
            return jax.tree.map(lambda p, g: p - RATE * g, state, gradients), None

        @partial(jax.jit, static_argnames="count")
        def scan(state: JaxState, cycle: jax.Array, first: int, count: int) -> JaxState:
            def one(state: JaxState, cycle: jax.Array) -> JaxState:
                weights = lax.dynamic_slice_in_dim(cycle, first, count)
                return lax.scan(take, state, weights)[0]

            return (one if self.alone else jax.vmap(one))(state, cycle)

        self.scan = scan
        drawn = problem.initial()
        arrays = (drawn.W1, drawn.b1, drawn.W2, drawn.b2)
        W1, b1, W2, b2 = (put(array.astype("float32")) for array in arrays)
        self.state: JaxState = (W1, b1, W2, b2)
        self.cycle = put(problem.cycle(self.grain).swapaxes(0, 1))  # (B, steps, C)
        # a batch of one would be slower than no batch
        self.alone = problem.networks == 1
        if self.alone:
            self.state = (W1[0], b1[0], W2[0], b2[0])
            self.cycle = self.cycle[0]

    def advance(self, steps: int) -> None:
        """Take so many steps more."""
        until = self.step + steps
        while self.step < until:
            count = min(self.grain, until - self.step)
            with jax.default_matmul_precision("highest"):  # no TF32; on a processor it is one
                first = self.step % self.problem.cycle_steps
                self.state = self.scan(self.state, self.cycle, first, count=count)
            self.step += count
        jax.block_until_ready(self.state)

    def parameters(self) -> Parameters:
        """The parameters as they are now."""
        W1, b1, W2, b2 = (jax.device_get(p[None] if self.alone else p) for p in self.state)
        return Parameters.of_layers(W1, b1, W2, b2)
