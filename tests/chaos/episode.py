"""One study that is hit at random times until it is through, and what it left in the end."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w
from sqlalchemy import make_url

from tests.chaos.cluster import Cluster
from tests.chaos.contents import (
    Contents,
    Inside,
    by_cell,
    contents,
    differences,
    leftovers,
    trained_twice,
)
from tests.chaos.hits import LIMIT_SECONDS, Failed, Launch, victims
from tests.chaos.launched import Launched, dynstudy_main, ending
from tests.chaos.studies import IN_ANY_ORDER, SIDE_BY_SIDE, STUDIES, file_of
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
    beside: bool = False  # another study is run at the same time, and hit only by accident

    @classmethod
    def drawn(cls, seed: int, only: Sequence[str] = ()) -> "Plan":
        """Draw one; words of `only` leave no others of their kind."""
        rng = random.Random(seed)

        def one(words: Sequence[str]) -> str:
            return rng.choice([word for word in words if word in only] or words)

        words = one([*STUDIES]), one(DATABASES), one(OFTEN)
        beside = words[0] in SIDE_BY_SIDE and rng.random() < 0.5
        return cls(seed, *words, rng.randint(*HITS), beside)

    def __str__(self) -> str:
        beside = ", beside another" * self.beside
        return f"episode {self.seed} ({self.study}{beside}, {self.database}, {self.executor})"


@dataclass(frozen=True)
class Reference:
    """A run that was left alone: what it left, and how long it took."""

    contents: dict[str, Contents]  # by study
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
        self.files = [file_of(plan.study)]
        if plan.beside:
            self.files.append(file_of(plan.study, beside=True))
        for file in self.files:
            (folder / f"{file['name']}.toml").write_text(tomli_w.dumps(file))

    def left_alone(self) -> Reference:
        """Run it and hit nothing."""
        with ending() as self.processes:
            self.ended(self.launch())
            seconds = time.monotonic() - self.began
            for file in self.files[1:]:
                self.ended(self.launch(file))
        return Reference(self.contents(), seconds)

    def hit_and_resumed(self, reference: Reference) -> None:
        """Hit it as often as planned, or until it is through; then resume it, and compare.

        Raises:
            Failed: something is not as in the reference.
        """
        self.seconds = reference.seconds
        with ending() as self.processes:
            through = False
            beside = [self.launch(file) for file in self.files[1:]]
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
            for each in beside:
                each.impatient = self.server is not None
                if self.cluster is not None:  # which is of both, and may have been hit
                    each.expected |= {2}
                if self.ended(each) != 0:
                    self.ended(self.launch(self.files[1]))
            self.ended(launch)
            lines = launch.process.lines
            self.checked()
            if through and f"{self.plan.study}: 0 networks trained" not in lines:
                raise Failed(f"what was through is trained again:\n{lines}")
        self.compare(reference)

    def launch(self, file: dict[str, Any] | None = None) -> Launch:
        """Start the study, or resume it; or another one."""
        study = (file or self.files[0])["name"]
        name = f"launch-{len(self.processes)}"
        arguments = ["run", f"{study}.toml", "--storage", self.url, "--backend", "cpu"]
        arguments += EXECUTORS[self.executor]
        if self.cluster is not None:
            arguments.append(self.cluster.address)
        process = Launched(self.folder, name, dynstudy_main(*arguments))
        self.processes.append(process)
        self.say(f"{process} begins" + f", of {study}" * (file is not None))
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

    def contents(self) -> dict[str, Contents]:
        """What is in its database, by study."""
        inside = Inside(self.url)
        return {file["name"]: contents(inside, file["name"]) for file in self.files}

    def compare(self, reference: Reference) -> None:
        """See that there is what the reference has, and nothing else.

        Raises:
            Failed: there is not.
        """
        inside = Inside(self.url)
        lines = leftovers(inside)
        in_any_order = self.plan.executor != "here" or self.plan.beside
        for study, there in self.contents().items():
            expected = reference.contents[study]
            if in_any_order and (study in IN_ANY_ORDER or study != self.plan.study):
                expected, there = by_cell(expected), by_cell(there)
            lines += differences(expected, there)
        if ("driver", "SIGSTOP, taken over") not in self.hits:
            lines += trained_twice(inside)
        if password := make_url(self.url).password:
            said = {each.name: each.lines for each in self.processes}
            said |= {name: str(inside.rows(name)) for name in inside.metadata.tables}
            lines += [
                f"the password is in {name}" for name, text in said.items() if password in text
            ]
        if lines:
            raise Failed("\n".join(lines))
