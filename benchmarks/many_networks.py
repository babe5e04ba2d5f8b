"""One call of the engine with very many networks: its speed beside that of a call with few."""

from dynstudy.bench.measure import Measurement, Row, Say, Settings, Speed
from dynstudy.bench.problem import Problem
from dynstudy.train import train

COUNTS = (64, 1000, 6000, 100_000)
STEPS = {64: 20_000, 1000: 2000, 6000: 1000, 100_000: 200}
"""Of each network: so many that a call takes some seconds on two cores."""
WIDTH = 20


def measure(settings: Settings, say: Say) -> Measurement:
    """Train ensembles of very different sizes on the `cpu` backend, in turn.

    Args:
        settings: how often.
        say: told what is being measured.

    Returns:
        Speeds, and their ratios to that of the smallest ensemble in the same round.
    """
    speeds: dict[int, list[float]] = {count: [] for count in COUNTS}
    calls = {count: _call(count) for count in COUNTS}
    for number in range(settings.rounds):
        for count, call in calls.items():
            say(f"many networks: {count}, {number + 1} of {settings.rounds}")
            speeds[count].append(call.measure())
    few, *many = COUNTS
    rows = [
        Row.of(
            "many_networks",
            f"{count} networks / {few}",
            "ratio",
            [a / b for a, b in zip(speeds[count], speeds[few], strict=True)],
            WIDTH,
        )
        for count in many
    ]
    rows += [
        Row.of("many_networks", f"{count} networks", "network-steps/s", values, WIDTH)
        for count, values in speeds.items()
    ]
    steps = ", ".join(f"{STEPS[count]} of {count} networks" for count in COUNTS)
    return Measurement(rows, [f"many networks: cpu, one call each, steps: {steps}"])


def _call(count: int) -> Speed:
    problem, steps = Problem(WIDTH, count), STEPS[count]
    networks = problem.ensemble(steps)

    def train_all(repeats: int) -> None:
        for _ in range(repeats):
            train(networks, problem.data, backend="cpu", checkpoints=[steps])

    return Speed(train_all, count * steps, seconds=0.0, grain=1)
