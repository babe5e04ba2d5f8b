"""Episodes one after the other until there were enough hits, and the report of them."""

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests import postgres
from tests.chaos.cluster import Cluster
from tests.chaos.episode import Episode, Plan, Reference
from tests.chaos.hits import Failed
from tests.chaos.studies import warm

BY = ("victim", "signal", "study", "database", "executor")


class Campaign:
    """Runs episodes; a context, for it has a PostgreSQL of its own.

    Args:
        folder: for what episodes leave; that of one which failed stays.
        only: words that leave no other study, database or executor.
    """

    def __init__(self, folder: Path, only: Sequence[str] = ()) -> None:
        self.folder, self.only = folder, only
        self.hits = Counter[tuple[str, ...]]()  # by `BY`
        self.episodes = 0
        self.failed: list[dict[str, Any]] = []
        self._references: dict[tuple[str, bool], Reference] = {}
        self._stack = ExitStack()

    def __enter__(self) -> "Campaign":
        self._server = self._stack.enter_context(postgres.server())
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def episode(self, seed: int) -> str:
        """Run one; returns what it did in a line, and how it failed in more of them."""
        plan = Plan.drawn(seed, self.only)
        reference = self._reference(plan)
        folder = self._empty(f"episode-{seed}")
        with ExitStack() as stack:
            server = self._server if plan.database == "postgresql" else None
            url = f"sqlite:///{folder}/studies.db"
            if server is not None:
                url = stack.enter_context(server.database())
            cluster = None
            if plan.executor == "scheduler":
                cluster = stack.enter_context(Cluster(folder))
            episode = Episode(plan, folder, url, server, cluster)
            line = ""
            try:
                episode.hit_and_resumed(reference)
            except Failed as failure:
                line = f"\nfailed:\n{failure}\nto have it again: {self._again(seed)}"
                self.failed.append({"seed": seed, "again": self._again(seed), "why": str(failure)})
                story = "\n".join([str(plan), *episode.story, str(failure)])
                (folder / "story.txt").write_text(story, encoding="utf-8")
            else:
                shutil.rmtree(folder)
        self.episodes += 1
        for victim, name in episode.hits:
            self.hits[victim, name, plan.study, plan.database, plan.executor] += 1
        return f"{plan}: {', '.join(map(' '.join, episode.hits)) or 'no hit'}{line}"

    def add_to(self, path: Path) -> dict[str, Any]:
        """Add what was done to a report in JSON; returns all that it has then."""
        report = {"episodes": self.episodes, "failed": self.failed}
        hits = self.hits.copy()
        if path.exists():
            before = json.loads(path.read_text(encoding="utf-8"))
            report = {key: before[key] + value for key, value in report.items()}
            for row in before["hits"]:
                hits[tuple(row[key] for key in BY)] += row["count"]
        rows = [dict(zip(BY, key, strict=True)) | {"count": hits[key]} for key in sorted(hits)]
        report |= {"kills": hits.total(), "hits": rows}
        path.write_text(json.dumps(report, indent=1), encoding="utf-8")
        return report

    def _reference(self, plan: Plan) -> Reference:
        """Of a study and what is beside it, made once, in one process and on SQLite."""
        key = plan.study, plan.beside
        if key not in self._references:
            warm(plan.study, self._empty(f"{plan.study}-here"))
            alone = replace(plan, database="sqlite", executor="here")
            folder = self._empty(f"{plan.study}-left-alone")
            episode = Episode(alone, folder, f"sqlite:///{folder}/studies.db")
            self._references[key] = episode.left_alone()
            shutil.rmtree(folder)
            shutil.rmtree(self.folder / f"{plan.study}-here")
        return self._references[key]

    def _empty(self, name: str) -> Path:
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def _again(self, seed: int) -> str:
        only = f" CHAOS_ONLY='{' '.join(self.only)}'" if self.only else ""
        return f"CHAOS_SEED={seed} CHAOS_KILLS=1{only} make test-chaos"


def table(report: dict[str, Any]) -> str:
    """The hits of a report by victim and signal, and in each database and executor."""
    columns = [("database", "sqlite"), ("database", "postgresql")]
    columns += [("executor", name) for name in sorted({r["executor"] for r in report["hits"]})]
    total = Counter[tuple[str, str]]()
    parts = Counter[tuple[str, str, str]]()
    for row in report["hits"]:
        for line in ((row["victim"], row["signal"]), ("all", "")):
            total[line] += row["count"]
            for key, value in columns:
                parts[*line, value] += row["count"] * (row[key] == value)
    head = f"{'victim':12}{'signal':22}{'hits':>6}" + "".join(f"{name:>12}" for _, name in columns)
    lines = [head]
    for victim, name in sorted(total, key=lambda line: (line[0] == "all", line)):
        numbers = "".join(f"{parts[victim, name, value]:12}" for _, value in columns)
        lines.append(f"{victim:12}{name:22}{total[victim, name]:6}{numbers}")
    studies = Counter[str]()
    for row in report["hits"]:
        studies[row["study"]] += row["count"]
    lines.append("by study: " + ", ".join(f"{name} {studies[name]}" for name in sorted(studies)))
    lines.append(f"{report['episodes']} episodes, {len(report['failed'])} failed")
    return "\n".join(lines)
