"""A SLURM of this machine: a job is a process, which starts when it is submitted."""

import os
import sys
from pathlib import Path

import psutil
import pytest

from tests.command import LIMIT_SECONDS, process

# An array is as many jobs; each is the leader of a group of processes, whose number is the job's.
SBATCH = """\
#!/bin/bash
script="$(dirname "$0")/script.$$.sh"
cp "${@: -1}" "$script"
array=$(sed -n 's/^#SBATCH --array=//p' "$script")
for task in $(seq "${array%-*}" "${array#*-}" 2>/dev/null || echo alone); do
    SLURM_ARRAY_TASK_ID=$task SLURM_CPUS_PER_TASK=1 setsid bash "$script" \\
        >"$script.$task.out" 2>&1 </dev/null &
    echo "$!" >>"$(dirname "$0")/jobs"
done
echo "Submitted batch job $!"
"""
SCANCEL = """\
#!/bin/bash
for job in "$@"; do kill -TERM -- "-$job"; done
"""


class Slurm:
    """Its commands in a folder, which stands first on the path."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        folder.mkdir()
        for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        programs = Path(sys.executable).parent
        monkeypatch.setenv(
            "PATH", os.pathsep.join([f"{folder}", f"{programs}", os.environ["PATH"]])
        )

    @property
    def jobs(self) -> list[int]:
        """All that were submitted."""
        return [int(line) for line in (self.folder / "jobs").read_text().split()]

    @property
    def out(self) -> str:
        """What all of them wrote."""
        return "".join(file.read_text() for file in sorted(self.folder.glob("*.out")))

    def submit(self, here: Path, script: str) -> None:
        """As a person does."""
        with process(here, str(self.folder / "sbatch"), script) as sbatch:
            status, out, err = sbatch.ends()
        assert (status, err) == (0, "")
        assert out.startswith("Submitted batch job ")

    def until_all_ended(self) -> None:
        """Wait for them."""
        there = [psutil.Process(job) for job in self.jobs if psutil.pid_exists(job)]
        _, alive = psutil.wait_procs(there, LIMIT_SECONDS)
        assert alive == []
