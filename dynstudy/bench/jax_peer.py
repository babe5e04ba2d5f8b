"""The same training as one would write it in JAX; needs the extra ``[bench]``."""

import jax
import jax.numpy as jnp
from jax import lax

from dynstudy.bench.problem import CLASSES, RATE, Problem
from dynstudy.train import Parameters

State = tuple[jax.Array, jax.Array, jax.Array, jax.Array]


class JaxScan:
    """``jit(vmap(scan))``, or ``jit(scan)`` for a single network."""

    grain = 250  # the length of a compiled scan: the call costs little beside it

    def __init__(self, problem: Problem) -> None:
        self.problem, self.step = problem, 0
        x = jnp.asarray(problem.data.x[0], jnp.float32)
        one_hot = jax.nn.one_hot(problem.data.y, CLASSES, dtype=jnp.float32)

        def loss(state: State, weights: jax.Array) -> jax.Array:
            W1, b1, W2, b2 = state
            output = jax.nn.relu(x @ W1 + b1) @ W2 + b2
            return -((one_hot @ weights) * (jax.nn.log_softmax(output) * one_hot).sum(-1)).mean()

        def take(state: State, weights: jax.Array) -> tuple[State, None]:
            gradients = jax.grad(loss)(state, weights)
            return jax.tree.map(lambda p, g: p - RATE * g, state, gradients), None

        def scan(state: State, weights: jax.Array) -> State:
            return lax.scan(take, state, weights)[0]

        drawn = problem.initial()
        arrays = (drawn.W1, drawn.b1, drawn.W2, drawn.b2)
        W1, b1, W2, b2 = (jnp.asarray(array, jnp.float32) for array in arrays)
        self.state: State = (W1, b1, W2, b2)
        # a batch of one would be slower than no batch
        self.alone = problem.networks == 1
        if self.alone:
            self.state = (W1[0], b1[0], W2[0], b2[0])
        self.scan = jax.jit(scan if self.alone else jax.vmap(scan))

    def advance(self, steps: int) -> None:
        """Take so many steps more."""
        weights = self.problem.class_weights(self.step, steps).swapaxes(0, 1)  # (B, steps, C)
        done = 0
        while done < steps:
            count = min(self.grain, steps - done)
            some = weights[:, done : done + count]
            self.state = self.scan(self.state, some[0] if self.alone else some)
            done += count
        jax.block_until_ready(self.state)
        self.step += steps

    def parameters(self) -> Parameters:
        """The parameters as they are now."""
        W1, b1, W2, b2 = (jax.device_get(p[None] if self.alone else p) for p in self.state)
        return Parameters(W1, b1, W2, b2)
