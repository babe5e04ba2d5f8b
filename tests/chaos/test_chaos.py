"""Whatever is hit, and whenever: one resume leaves what a run leaves that was left alone."""

import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import dynstudy
from tests.chaos.campaign import Campaign, table
from tests.chaos.contents import Inside, contents, differences, leftovers, trained_twice
from tests.planted import small_map

SHORT = 25
"""Hits of the short one, whose episodes are the same each time, if not their moments."""


@pytest.mark.long
def test_some_hits_leave_what_a_run_leaves_that_was_left_alone(tmp_path: Path) -> None:
    with Campaign(tmp_path) as campaign:
        while campaign.hits.total() < SHORT and not campaign.failed:
            line = campaign.episode(campaign.episodes)
            assert not campaign.failed, line


@pytest.mark.chaos
def test_many_hits_leave_what_a_run_leaves_that_was_left_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """``CHAOS_KILLS`` of them from the episode of ``CHAOS_SEED`` on.

    ``CHAOS_ONLY`` has words that leave no other study, database or executor; ``CHAOS_FOLDER`` is
    where the report is added to, and what failed is kept.
    """
    kills = int(os.environ.get("CHAOS_KILLS", "1000"))
    seed = int(os.environ.get("CHAOS_SEED", "0"))
    folder = Path(os.environ.get("CHAOS_FOLDER", "chaos"))
    with Campaign(folder.absolute(), os.environ.get("CHAOS_ONLY", "").split()) as campaign:
        try:
            while campaign.hits.total() < kills:
                line = campaign.episode(seed + campaign.episodes)
                with capsys.disabled():
                    sys.stdout.write(f"{campaign.hits.total():5}  {line}\n")
                    sys.stdout.flush()
        finally:
            report = campaign.add_to(folder / "report.json")
            with capsys.disabled():
                sys.stdout.write(f"{table(report)}\n")
    assert [each["again"] for each in campaign.failed] == []


@pytest.fixture(scope="session")
def left_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("alone") / "studies.db"
    dynstudy.run(small_map(), storage=path).storage.engine.dispose()
    return path


@pytest.fixture
def hit(left_alone: Path, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    shutil.copy(left_alone, tmp_path / "studies.db")
    with closing(sqlite3.connect(tmp_path / "studies.db")) as connection:
        yield connection


def test_two_copies_do_not_differ(
    hit: sqlite3.Connection, left_alone: Path, tmp_path: Path
) -> None:
    inside, other = Inside(f"sqlite:///{left_alone}"), Inside(f"sqlite:///{tmp_path}/studies.db")
    assert leftovers(inside) + trained_twice(inside) == []
    assert all(contents(inside, "small").values())
    assert differences(contents(inside, "small"), contents(other, "small")) == []


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM dynstudy_replicate WHERE id = 3",
        "DELETE FROM dynstudy_series WHERE replicate_id = 3 AND name = 'train'",
        "DELETE FROM trials WHERE number = 2",
        "DELETE FROM trial_values WHERE trial_id = 2",
        "UPDATE dynstudy_replicate SET val_accuracy = val_accuracy + 1e-16 WHERE id = 3",
        "UPDATE dynstudy_series SET readings = '[]' WHERE replicate_id = 3",
        "UPDATE trial_values SET value = value + 1e-15 WHERE trial_id = 2",
        "UPDATE trial_params SET param_value = 7 WHERE param_id = 3",
        "UPDATE trial_user_attributes SET value_json = '7' WHERE trial_id = 2",
        "UPDATE trial_system_attributes SET value_json = '7' WHERE trial_id = 2",
        "UPDATE trials SET state = 'RUNNING' WHERE number = 2",
        "INSERT INTO trials (number, study_id, state) VALUES (9, 1, 'RUNNING')",
        "UPDATE study_user_attributes SET value_json = '7'",
        "INSERT INTO dynstudy_series SELECT 999, name, steps_id, readings FROM dynstudy_series "
        "WHERE replicate_id = 3",
        "UPDATE dynstudy_run SET status = 'running'",
        "UPDATE dynstudy_run SET status = 'lost'",
        "UPDATE dynstudy_replicate SET run_id = 9 WHERE id = 3",
        "UPDATE dynstudy_run SET networks = networks + 1",
        "INSERT INTO dynstudy_reservation SELECT key, 1 FROM dynstudy_replicate WHERE id = 3",
    ],
)
def test_what_a_hit_could_leave_is_seen(
    damage: str, hit: sqlite3.Connection, left_alone: Path, tmp_path: Path
) -> None:
    with hit:
        assert hit.execute(damage).rowcount
    before, after = Inside(f"sqlite:///{left_alone}"), Inside(f"sqlite:///{tmp_path}/studies.db")
    lines = differences(contents(before, "small"), contents(after, "small"))
    assert lines + leftovers(after) + trained_twice(after)


def test_reports_of_pieces_add_up(tmp_path: Path) -> None:
    first, second = Campaign(tmp_path), Campaign(tmp_path)
    first.hits["driver", "SIGKILL", "map", "sqlite", "here"] = 2
    second.hits["driver", "SIGKILL", "map", "sqlite", "here"] = 3
    second.hits["backend", "SIGTERM", "search", "postgresql", "here"] = 4
    first.episodes, second.episodes = 1, 2
    second.failed.append({"seed": 7, "again": "", "why": ""})
    first.add_to(tmp_path / "report.json")
    report = second.add_to(tmp_path / "report.json")
    assert (report["kills"], report["episodes"], len(report["failed"])) == (9, 3, 1)
    lines = [line.split() for line in table(report).splitlines()]
    assert ["driver", "SIGKILL", "5", "5", "0", "5"] in lines
    assert ["backend", "SIGTERM", "4", "0", "4", "4"] in lines
    assert ["all", "9", "5", "4", "9"] in lines
