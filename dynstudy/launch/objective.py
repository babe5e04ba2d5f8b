"""A search as an objective function for a plain Optuna study."""

from typing import Any, cast

import numpy as np
import optuna

from dynstudy.config import Configuration
from dynstudy.errors import SpecError, with_article
from dynstudy.launch.backend_check import check_backend
from dynstudy.launch.replicates import train_cell
from dynstudy.measure.accuracy import standard_error
from dynstudy.search.ask_and_tell import objective_values
from dynstudy.store.trials import FinishedCell
from dynstudy.study.kinds.search import SearchSpec
from dynstudy.study.spec import StudySpec
from dynstudy.study.task import Task


class Objective:
    """Draws a configuration, trains its replicates, and returns what the search aims at.

    For ``optuna.create_study(directions=objective.directions).optimize(objective, n_trials=...)``
    with any sampler, pruner or storage of your own. Each trial gets the attributes ``sem``,
    ``replicates`` and ``diverged``, and ``gain`` where that is aimed at. Networks are not kept in a
    ledger; `dynstudy.run` does that, and trains many trials at once.

    Args:
        spec: a search, from `dynstudy.load_spec`; its ``[search]`` table is not used.
        task: data, model and optimiser in the place of the study's.
        backend: see `dynstudy.train.train`.

    Raises:
        SpecError: the study file is not a search's, or what it is to train is not there or cannot
            be trained; when called, the Optuna study does not look for what the search looks for.
        BackendError: the backend is not on this machine, or cannot train such networks.
    """

    def __init__(self, spec: StudySpec, *, task: Task | None = None, backend: str = "auto") -> None:
        if task is not None:
            spec = task.of(spec)
        check_backend(backend, spec)
        spec = spec.plain  # whose curvature nobody would see
        if not spec.suggests:
            raise SpecError(
                f"study {spec.name!r} is {with_article(spec.kind)}; an Objective needs a search"
            )
        self.spec, self.backend = cast(SearchSpec, spec), backend
        self.directions = spec.directions
        self._baselines: dict[Configuration, float] = {}

    def __call__(self, trial: optuna.Trial) -> float | list[float]:
        """Train one trial's networks; returns its value, or values."""
        if isinstance(trial, optuna.Trial):  # a FixedTrial is of no study
            self._check([direction.name.lower() for direction in trial.study.directions])
        configuration = self.spec.suggest(trial)
        accuracies, diverged = self._train(configuration, self.spec.replicates)
        attributes: dict[str, Any] = {"replicates": len(accuracies), "diverged": diverged}
        if len(accuracies) > 1:
            attributes["sem"] = standard_error(accuracies)
        mean = float(np.mean(accuracies))
        if self.spec.maximize == "gain" and not configuration.static:
            attributes["gain"] = mean - self._baseline(configuration.baseline())
        for name, value in attributes.items():
            trial.set_user_attr(name, value)
        values = objective_values(FinishedCell(configuration, mean, attributes), self.spec)
        return values if len(values) > 1 else values[0]

    def _check(self, theirs: list[str]) -> None:
        if theirs != self.directions:
            aims = map(" ".join, zip(self.directions, self.spec.metric_names, strict=True))
            raise SpecError(
                f"search {self.spec.name!r} is to {', '.join(aims)}, and this Optuna study to "
                f"{', '.join(theirs)}: optuna.create_study(directions=objective.directions)"
            )

    def _baseline(self, configuration: Configuration) -> float:
        if configuration not in self._baselines:
            accuracies, _ = self._train(configuration, self.spec.baseline_replicates)
            self._baselines[configuration] = float(np.mean(accuracies))
        return self._baselines[configuration]

    def _train(self, configuration: Configuration, count: int) -> tuple[list[float], int]:
        """Final validation accuracies, and how many networks diverged."""
        protocol = self.spec.protocol
        records, outcome = train_cell(configuration, protocol, range(count), self.backend)
        return [record.val_accuracy for record in records], int(outcome.diverged.sum())
