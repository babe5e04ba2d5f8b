"""What a command costs is told, and why one failed."""

from pathlib import Path

import pytest

from benchmarks.reports import measure_report
from dynstudy.errors import BenchError
from dynstudy.store.studies import Storage


def test_a_command_has_run_to_its_end_in_a_process_of_its_own(
    url: str, storage: Storage, tmp_path: Path
) -> None:
    (tmp_path / "here").mkdir()
    cost = measure_report(("list", "--format", "csv"), url, str(tmp_path / "here"))
    assert cost.seconds > 0.1  # no interpreter starts faster
    assert 2**24 < cost.peak < 2**30
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["peak.json"]


def test_a_report_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"reading: dynstudy show failed \(error: .*no such"):
        measure_report(("show", "absent"), f"sqlite:///{tmp_path}/none.db", str(tmp_path))
