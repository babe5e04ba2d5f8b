"""What is shipped: an sdist that is the repository, and a wheel that needs nothing beside it."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.package
SMALL = (
    "--set replicates=1 --set protocol.steps=200 --set protocol.tail=20 --set space.period=[10,20]"
)
NOT_TRACKED = {"PKG-INFO"}


def built(kind: str, folder: Path) -> Path:
    from hatchling.builders.sdist import SdistBuilder
    from hatchling.builders.wheel import WheelBuilder

    builder = {"sdist": SdistBuilder, "wheel": WheelBuilder}[kind]
    (path,) = builder(str(ROOT)).build(directory=str(folder))
    return Path(path)


def ran(here: Path, package: Path, *arguments: str) -> str:
    """What Python says, with a package before all that is installed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=here,
        env=os.environ | {"PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_sdist_is_the_repository_and_its_tests_run(tmp_path: Path) -> None:
    with tarfile.open(built("sdist", tmp_path)) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (here,) = (tmp_path / "unpacked").iterdir()
    files = {str(path.relative_to(here)) for path in here.rglob("*") if path.is_file()}
    if (ROOT / ".git").exists():  # else this is an sdist itself
        listed = subprocess.run(
            [
                "git",
                "-C",
                str(ROOT),
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        present = {name for name in listed.stdout.split("\0") if (ROOT / name).is_file()}
        assert files - NOT_TRACKED == present
    ran(here, here, "-m", "pytest", "-q", "--collect-only")
    quick = ("tests/test_docs.py", "tests/store/test_provenance.py", "tests/study")
    assert " passed" in ran(here, here, "-m", "pytest", "-q", *quick)


def test_the_wheel_needs_nothing_beside_it(tmp_path: Path) -> None:
    installed, here = tmp_path / "installed", tmp_path / "empty"
    here.mkdir()
    with zipfile.ZipFile(built("wheel", tmp_path)) as archive:
        archive.extractall(installed)
    said = ran(here, installed, "-c", "import dynstudy; print(dynstudy.__file__)")
    assert Path(said.strip()).parent == installed / "dynstudy"
    for line in ("init quickstart", f"run quickstart.toml {SMALL}", "map quickstart"):
        ran(here, installed, "-m", "dynstudy", *line.split())
    assert (here / "results" / "quickstart.png").exists()
