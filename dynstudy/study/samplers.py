"""Optuna's samplers, with every option that matters stated in the study file (``[search]``).

Options have Optuna's own names. A sampler is made anew for each trial, seeded with the study's seed
and the trial's number: a search that was interrupted and resumed asks for the same points as one
that was not.
"""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import optuna
from pydantic import Field, model_validator

from dynstudy.errors import NEEDS_TORCH, SpecError
from dynstudy.section import MAX_SEED, Section

MAX_BATCH = 100
"""Asking for a trial reads all that are running: more would take quadratically longer."""


class Search(Section):
    """What all samplers share."""

    trials: int = Field(ge=1, le=100_000, description="trials in all")
    batch: int = Field(
        10, ge=1, le=MAX_BATCH, description="trials that are asked for and trained together"
    )
    seed: int = Field(0, ge=0, le=MAX_SEED, description="seed of the sampler")

    drawn_by: ClassVar[Callable[..., optuna.samplers.BaseSampler]]
    """Optuna's sampler."""

    same_parameters: ClassVar[bool] = False
    """Whether it needs the same parameters in every trial."""

    def build(self, number: int) -> optuna.samplers.BaseSampler:
        """The sampler of one trial."""
        return self.drawn_by(**self.options(), seed=self.seed_of(number))

    def options(self) -> dict[str, Any]:
        """What is Optuna's own of them."""
        return self.model_dump(exclude={*Search.model_fields, "sampler"})

    def check_installed(self) -> None:
        """Find out before anything is trained that a library is missing: a `SpecError`."""

    def seed_of(self, number: int) -> int:
        """The seed of the sampler that draws one trial."""
        return int(np.random.SeedSequence((self.seed, number)).generate_state(1)[0])


class TPESearch(Search):
    """Tree-structured Parzen estimator (Bergstra et al. 2011), multivariate by default."""

    sampler: Literal["tpe"] = Field(description="a tree-structured Parzen estimator")
    n_startup_trials: int = Field(
        10, ge=0, le=100_000, description="trials drawn at random before it models any"
    )
    n_ei_candidates: int = Field(
        24, ge=1, le=10_000, description="candidates of which it takes the most promising"
    )
    multivariate: bool = Field(True, description="model parameters jointly, not one by one")
    group: bool = Field(
        True,
        description="a joint model for each set of parameters that trials have, such as with and "
        "without amplitude and period; needs `multivariate`",
    )
    constant_liar: bool = Field(
        True, description="count trials of the batch in training as bad, so that they spread out"
    )
    drawn_by = optuna.samplers.TPESampler

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.group and not self.multivariate:
            raise ValueError("search.group = true needs search.multivariate = true")
        return self


class GPSearch(Search):
    """Gaussian process with log expected improvement; trials being trained are accounted for."""

    sampler: Literal["gp"] = Field(
        description="a Gaussian process; all trials need the same parameters"
    )
    n_startup_trials: int = Field(
        10, ge=0, le=100_000, description="trials drawn at random before it models any"
    )
    deterministic_objective: bool = Field(
        False, description="fit no noise; a mean over few networks has some"
    )
    same_parameters = True
    drawn_by = partial(optuna.samplers.GPSampler, warn_independent_sampling=False)

    def check_installed(self) -> None:
        """Refuse what Optuna would import in mid-search."""
        if find_spec("torch") is None:
            raise SpecError(f"search.sampler = 'gp' {NEEDS_TORCH}, or use 'tpe'")


class QMCSearch(Search):
    """A quasi-random sequence; its place in it is kept with the study."""

    sampler: Literal["qmc"] = Field(
        description="a quasi-random sequence, which covers the space evenly; all trials need the "
        "same parameters"
    )
    qmc_type: Literal["sobol", "halton"] = Field("sobol", description="which sequence")
    scramble: bool = Field(True, description="randomise the sequence, by `seed`")
    same_parameters = True

    def build(self, number: int) -> optuna.samplers.BaseSampler:
        """The sampler of one trial: one sequence for all, hence one seed."""
        return optuna.samplers.QMCSampler(
            **self.options(),
            seed=self.seed,
            independent_sampler=optuna.samplers.RandomSampler(seed=self.seed_of(number)),
            warn_asynchronous_seeding=False,
            warn_independent_sampling=False,
        )


class RandomSearch(Search):
    """Independent draws."""

    sampler: Literal["random"] = Field(description="independent draws")
    drawn_by = optuna.samplers.RandomSampler


AnySearch = Annotated[
    TPESearch | GPSearch | QMCSearch | RandomSearch, Field(discriminator="sampler")
]
