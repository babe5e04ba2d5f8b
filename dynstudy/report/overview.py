"""What one study is: spec, progress, best cells, provenance."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TextIO

import tomli_w

from dynstudy.analysis.boundaries import find_boundaries, has_boundaries
from dynstudy.analysis.regime_map import regime_map
from dynstudy.report.boundary_text import boundary_lines, print_boundaries
from dynstudy.report.curvature_text import curvature_lines
from dynstudy.report.listing import study_status
from dynstudy.report.rows import console, frame_rows, print_rows
from dynstudy.report.words import Format
from dynstudy.statistics.columns import FIRST, NOISE, names
from dynstudy.store.launches import alive, launches, running
from dynstudy.store.passwords import kept_command
from dynstudy.store.rename_note_tag import note_of, tags_of
from dynstudy.store.studies import Storage
from dynstudy.store.tables import RunRow, WorkerRow
from dynstudy.store.trials import trial_numbers
from dynstudy.store.worker_rows import workers_of
from dynstudy.study.confirmation import CONFIRM
from dynstudy.study.spec import StudySpec

RECORDED = "networks backend device host git_commit git_clean command".split()
"""Of a launch, as the database has them."""

OF_WORKER = "name host backend device processor networks network_steps".split()
"""Of a worker, likewise."""


@dataclass(frozen=True)
class Overview:
    """One study."""

    spec: StudySpec
    status: str
    cells_done: int
    cells: int
    networks: int  # in the ledger, of those the study needs
    networks_needed: int
    diverged: int
    ledger: str  # SHA-256 of the rows of the ledger that it stands on
    best: list[dict[str, Any]]
    best_trials: list[int | None]  # their numbers, as ``STUDY#NUMBER`` takes them
    boundaries: list[dict[str, Any]]  # of a map over amplitude
    pareto_front: list[dict[str, Any]]  # accuracy and width, of a search for both
    curvature: list[str]  # where it was read
    notes: list[str]
    launches: list[dict[str, Any]]  # ``runs`` in JSON
    note: str  # the user's own words
    tags: list[str]


def overview(storage: Storage, name: str, top: int = 5) -> Overview:
    """Everything about one study, with its `top` best cells."""
    study = storage.study(name)
    study_map = regime_map(storage, name)
    done = storage.count_cells(study)
    total = study_map.spec.planned_trials(study.user_attrs, int((~study_map.frame.predicted).sum()))
    ranked = study_map.ranked().head(top)
    columns = [*names(FIRST), *([NOISE.name] if study_map.noisy else [])]
    keys, best = ranked.ledger_configuration.tolist(), ranked[columns]
    front = (
        study_map.pareto_front()[columns] if len(study_map.spec.directions) > 1 else best.head(0)
    )
    edges = find_boundaries(study_map) if has_boundaries(study_map) else None
    rows = launches(storage.engine, storage.study_id(study))
    workers = workers_of(storage.engine, [row.id for row in rows])
    return Overview(
        study_map.spec,
        study_status(storage.study_id(study) in running(storage.engine), done, total),
        done,
        total,
        int(study_map.frame.replicates.sum()),
        int(study_map.frame.replicates_planned.sum()),
        int(study_map.frame.diverged.sum()),
        study_map.ledger,
        frame_rows(best),
        trial_numbers(storage.engine, storage.study_id(study), keys),
        boundary_lines(study_map.dynamical_cells(), edges) if edges is not None else [],
        frame_rows(front),
        curvature_lines(study_map.frame),
        study_map.notes,
        [launch_facts(row) | {"workers": worker_facts(workers.get(row.id, []))} for row in rows],
        note_of(study),
        tags_of(study),
    )


def launch_facts(row: RunRow) -> dict[str, Any]:
    """A launch as a person reads it: when, on what, how it ended."""
    facts = json.loads(row.provenance)
    return {
        "started": str(row.started_at)[:19],
        "ended": str(row.ended_at)[:19] if row.ended_at else None,
        "status": "lost" if row.status == "running" and not alive(row) else row.status,
        **{name: getattr(row, name) for name in RECORDED},
        "command": kept_command(row.command),
        "overrides": facts.get("overrides", []),
        **{name: facts[name] for name in ("processor", "system", "versions")},
    }


def worker_facts(rows: Iterable[WorkerRow]) -> list[dict[str, Any]]:
    """What each worker of a launch did, the one that trained most network-steps first."""
    return [
        {name: getattr(row, name) for name in OF_WORKER}
        | {"seconds": round(row.seconds, 1), "versions": json.loads(row.versions)}
        for row in sorted(rows, key=lambda row: -row.network_steps)
    ]


def print_overview(shown: Overview, form: Format, out: TextIO) -> None:
    """Print an overview; CSV has the best cells alone."""
    if form is Format.csv:
        print_rows(shown.best, form, out)
        return
    if form is Format.json:
        keys = {"launches": "runs"}
        values = {keys.get(name, name): value for name, value in vars(shown).items()}
        json.dump(values | {"spec": shown.spec.resolved()}, out, indent=1)
        out.write("\n")
        return
    screen = console(out)
    screen.print(
        f"{shown.spec.name}: {shown.status}, {shown.cells_done} of {shown.cells} cells, "
        f"{shown.networks} of {shown.networks_needed} networks, {shown.diverged} diverged",
        markup=False,
    )
    if (whole := getattr(shown.spec, "zoom_of", None)) is not None:
        screen.print(f"a zoom of {whole}", markup=False)
    if shown.tags:
        screen.print(f"tags: {' '.join(shown.tags)}", markup=False)
    if shown.note:
        screen.print(shown.note, markup=False)
    for note in shown.notes:
        screen.print(f"note: {note}", style="yellow", markup=False)
    screen.print(f"\n[bold]best cells[/bold] ({CONFIRM})")
    shortened = ("p_value", "q_value", "unrecovered", "forgetting_sem")
    numbered = [
        {"trial": number, **row} for number, row in zip(shown.best_trials, shown.best, strict=True)
    ]
    print_rows(_without(numbered, shortened), form, out)
    if shown.boundaries:
        screen.print("[bold]boundaries[/bold]")
        print_boundaries(shown.boundaries, out)
    if shown.pareto_front:
        narrower = "gains as much" if shown.spec.best_by == "gain" else "is as accurate"
        screen.print(f"[bold]Pareto front[/bold]: no narrower network {narrower}")
        print_rows(_without(shown.pareto_front, shortened), form, out)
    if shown.curvature:
        screen.print("[bold]curvature[/bold] (means over replicates)")
        screen.print("\n".join(shown.curvature) + "\n", markup=False)
    screen.print("[bold]study file, resolved[/bold]")
    screen.print(tomli_w.dumps(shown.spec.resolved()), markup=False)
    screen.print("[bold]provenance[/bold] (times are UTC)")
    screen.print(f"ledger rows: SHA-256 {shown.ledger}")
    for launch in shown.launches:
        commit = launch["git_commit"] or "no git checkout"
        state = "" if launch["git_clean"] in {True, None} else ", with uncommitted changes"
        versions = " ".join(f"{name} {number}" for name, number in launch["versions"].items())
        overrides = "".join(f"\n  --set {override}" for override in launch["overrides"])
        screen.print(
            f"{launch['started']} to {launch['ended'] or '-'}: {launch['status']}, "
            f"{launch['networks']} networks\n"
            f"  {launch['command']}{overrides}\n"
            f"  {launch['backend']} on {launch['device'] or '-'}; {launch['processor']}; "
            f"{launch['host']}; {launch['system']}\n"
            f"  {versions}; commit {commit}{state}",
            markup=False,
        )
        for line in _worker_lines(launch):
            screen.print(line, markup=False)


def _worker_lines(launch: dict[str, Any]) -> list[str]:
    """What each worker did, and its versions where they are others; none for one process."""
    workers = launch["workers"]
    if len(workers) < 2 and all(each["host"] == launch["host"] for each in workers):
        return []
    lines = []
    for each in workers:
        rate = each["network_steps"] / max(each["seconds"], 0.1)
        others = [
            f"{name} {number}"
            for name, number in each["versions"].items()
            if number != launch["versions"].get(name, number)
        ]
        differs = f"; {' '.join(others)}" if others else ""
        lines.append(
            f"  worker {each['name']}: {each['networks']} networks, {rate:,.0f} network-steps/s, "
            f"{each['backend']} on {each['device']}, {each['processor']}{differs}"
        )
    return lines


def _without(rows: Iterable[dict[str, Any]], keys: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key not in keys} for row in rows]
