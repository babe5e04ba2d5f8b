"""One study that is hit at random times until it is through, and what it left in the end."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tomli_w
from sqlalchemy import make_url

from tests.chaos.cluster import Cluster
from tests.chaos.contents import Contents, Inside, by_cell, contents, differences, leftovers
from tests.chaos.hits import LIMIT_SECONDS, Failed, Launch, victims
from tests.chaos.launched import Launched, dynstudy_main, ending
from tests.chaos.studies import IN_ANY_ORDER, STUDIES
from tests.postgres import Server

HITS = (2, 8)
"""Of an episode: at least, and at most."""

DATABASES = ["sqlite", "postgresql"]
EXECUTORS: dict[str, list[str]] = {
    "here": [],
    "workers": ["--workers", "2"],
    "scheduler": ["--scheduler"],
}
"""What a launch is told of each, but for the address of a scheduler."""

OFTEN = ["here"] * 4 + ["scheduler"] * 4 + ["workers"]
"""How often each is drawn: processes of a launch's own take seconds to import what they need."""


@dataclass(frozen=True)
class Plan:
    """What an episode is, all of it drawn from its seed."""

    seed: int
    study: str
    database: str
    executor: str
    hits: int

    @classmethod
    def drawn(cls, seed: int, only: Sequence[str] = ()) -> "Plan":
        """Draw one; words of `only` leave no others of their kind."""
        rng = random.Random(seed)

        def one(words: Sequence[str]) -> str:
            return rng.choice([word for word in words if word in only] or words)

        return cls(seed, one([*STUDIES]), one(DATABASES), one(OFTEN), rng.randint(*HITS))

    def __str__(self) -> str:
        return f"episode {self.seed} ({self.study}, {self.database}, {self.executor})"


@dataclass(frozen=True)
class Reference:
    """A run that was left alone: what it left, and how long it took."""

    contents: Contents
    seconds: float


class Episode:
    """A study in a folder and a database, under fire.

    Args:
        plan: which.
        folder: an empty one.
        url: of its database, which is empty.
        server: the PostgreSQL that it is on, which may be hit, if it is there.
        cluster: that trains, likewise.
    """

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        url: str,
        server: Server | None = None,
        cluster: Cluster | None = None,
    ) -> None:
        self.plan, self.folder, self.url = plan, folder, url
        self.server, self.cluster, self.executor = server, cluster, plan.executor
        self.rng = random.Random(f"{plan.seed}, hits")
        self.seconds = 0.0
        self.hits: list[tuple[str, str]] = []  # victim and signal
        self.story: list[str] = []
        self.processes: list[Launched] = []
        self.began = time.monotonic()
        study = {"name": plan.study, **STUDIES[plan.study]}
        (folder / "study.toml").write_text(tomli_w.dumps(study))

    def left_alone(self) -> Reference:
        """Run it and hit nothing."""
        with ending() as self.processes:
            self.ended(self.launch())
        return Reference(self.contents(), time.monotonic() - self.began)

    def hit_and_resumed(self, reference: Reference) -> None:
        """Hit it as often as planned, or until it is through; then resume it, and compare.

        Raises:
            Failed: something is not as in the reference.
        """
        self.seconds = reference.seconds
        with ending() as self.processes:
            through = False
            launch = self.launch()
            while len(self.hits) < self.plan.hits and not through:
                if not launch.process.ends(self.rng.uniform(0, 0.45 * self.seconds)):
                    launch = self.hit(launch)
                if launch.process.status is not None:
                    through = self.ended(launch) == 0
                    launch = self.launch()
            if not through and launch.hits:
                through = self.ended(launch) == 0
                launch = self.launch()
            self.ended(launch)
            lines = launch.process.lines
            self.checked()
            if through and f"{self.plan.study}: 0 networks trained" not in lines:
                raise Failed(f"what was through is trained again:\n{lines}")
        self.compare(reference)

    def launch(self) -> Launch:
        """Start the study, or resume it."""
        name = f"launch-{len(self.processes)}"
        arguments = ["run", "study.toml", "--storage", self.url, "--backend", "cpu"]
        arguments += EXECUTORS[self.executor]
        if self.cluster is not None:
            arguments.append(self.cluster.address)
        process = Launched(self.folder, name, dynstudy_main(*arguments))
        self.processes.append(process)
        self.say(f"{process} begins")
        return Launch(process)

    def ended(self, launch: Launch) -> int:
        """Wait for the end of a launch; returns its exit status."""
        launch.process.ends(LIMIT_SECONDS)
        self.say(f"{launch.process} ended with {launch.process.status}")
        return launch.judged()

    def hit(self, launch: Launch) -> Launch:
        """Choose a victim and what is done to it; returns the launch that has the study then."""
        there = victims(self)
        victim = self.rng.choice([*there])
        name = self.rng.choice([*there[victim]])
        self.say(f"{victim}: {name}")
        launch.hits.append(f"{victim} {name}")
        self.hits.append((victim, name))
        return there[victim][name](self, launch)

    def checked(self) -> None:
        """See that `dynstudy storage check` has nothing to say.

        Raises:
            Failed: it has.
        """
        command = ["--quiet", "storage", "check", "--storage", self.url]
        process = Launched(self.folder, "storage-check", dynstudy_main(*command))
        self.processes.append(process)
        self.ended(Launch(process))
        if process.lines:
            raise Failed(f"storage check:\n{process.lines}")

    def say(self, line: str) -> None:
        """Add to the story of the episode."""
        self.story.append(f"{time.monotonic() - self.began:7.3f}  {line}")

    def contents(self) -> Contents:
        """What is in its database."""
        return contents(Inside(self.url), self.plan.study)

    def compare(self, reference: Reference) -> None:
        """See that there is what the reference has, and nothing else.

        Raises:
            Failed: there is not.
        """
        inside = Inside(self.url)
        expected, there = reference.contents, self.contents()
        if self.plan.executor != "here" and self.plan.study in IN_ANY_ORDER:
            expected, there = by_cell(expected), by_cell(there)
        lines = leftovers(inside) + differences(expected, there)
        if password := make_url(self.url).password:
            said = {each.name: each.lines for each in self.processes}
            said |= {name: str(inside.rows(name)) for name in inside.metadata.tables}
            lines += [
                f"the password is in {name}" for name, text in said.items() if password in text
            ]
        if lines:
            raise Failed("\n".join(lines))
