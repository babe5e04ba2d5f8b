"""What the cells of an export are called, as far as its numbers tell."""

from collections.abc import Iterator, Mapping

import numpy as np

from dynstudy.config import FEWEST, Configuration
from dynstudy.export.export_file import Export, Measured
from dynstudy.measure.forgetting import CATASTROPHIC
from dynstudy.statistics.cell_tests import CELL_TESTS, Contrast
from dynstudy.statistics.labels import (
    BASELINE,
    DIVERGED,
    HARMFUL,
    NEUTRAL,
    UNSETTLED,
    UNTESTED,
    USEFUL,
    label,
)
from dynstudy.statistics.two_samples import LEVEL


def wrong_labels(export: Export) -> Iterator[str]:
    """Yield what cells are called though their numbers do not allow it, a line each.

    Those that are confirmed were judged with one another, and are judged again. What was found was
    judged with all cells of its study: for these a significant cell may be unsettled, but one that
    is not significant by itself, at any look at it, is not made so.
    """
    for name in ("found", "confirmed"):
        entries = [pair for pair in export.labelled_entries() if name in pair[1].measured]
        measured = {entry.configuration: entry.measured[name] for _, entry in entries}
        again = _judged(measured) if name == "confirmed" else {}
        for (title, _), (configuration, recorded) in zip(entries, measured.items(), strict=True):
            if configuration.static:
                allowed = {BASELINE}
            elif recorded.diverged == recorded.replicates:
                allowed = {DIVERGED}
            elif configuration in again:
                allowed = {again[configuration]}
            else:
                static = measured.get(configuration.baseline())
                allowed = _possible(recorded, static, export.selection.looks)
            if recorded.regime not in allowed:
                gives = " or ".join(sorted(allowed))
                yield (
                    f"{title}, {name}: regime is {recorded.regime!r}, its val_accuracies give "
                    f"{gives}"
                )
            lost = recorded.forgetting
            if recorded.forgets and (lost is None or lost <= CATASTROPHIC):
                yield f"{title}, {name}: forgets is true, and forgetting is {lost}"


def _judged(measured: Mapping[Configuration, Measured]) -> dict[Configuration, str]:
    """What dynamical cells are called that are judged with one another."""
    cells = [configuration for configuration in measured if not configuration.static]
    contrast = _contrast(cells, measured)
    sizes = np.array([len(baseline) for baseline in contrast.baselines])
    evidence = CELL_TESTS(contrast, contrast)  # of forgetting nothing is asked
    labels = label(evidence, contrast.sizes, sizes[contrast.baseline_of])
    return dict(zip(cells, labels.regimes, strict=True))


def _possible(recorded: Measured, static: Measured | None, looks: list[int] | None) -> set[str]:
    """What a cell may be called beside others, by its first replicates at each look."""
    if static is None or min(recorded.replicates, static.replicates) < FEWEST:
        return {UNTESTED}
    possible = {UNSETTLED}
    for size in looks or [recorded.replicates]:
        contrast = Contrast.of([recorded.accuracies[:size]], [0], lambda _: static.accuracies)
        if CELL_TESTS.equivalent(contrast)[0] <= LEVEL:
            possible.add(NEUTRAL)
        if CELL_TESTS.differs(contrast)[0] <= LEVEL:
            possible.add(USEFUL if contrast.difference.estimate[0] > 0 else HARMFUL)
    return possible


def _contrast(cells: list[Configuration], measured: Mapping[Configuration, Measured]) -> Contrast:
    def static(configuration: Configuration) -> np.ndarray:
        recorded = measured.get(configuration)
        return np.empty(0) if recorded is None else recorded.accuracies

    samples = [measured[configuration].accuracies for configuration in cells]
    return Contrast.of(samples, [each.baseline() for each in cells], static)
