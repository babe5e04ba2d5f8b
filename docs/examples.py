"""What pages show of examples: run, and put in. ``make docs``."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from docs.generate import ROOT
from docs.transcript import played

PAGES = [ROOT / "docs" / "tutorial.md"]
"""Each is typed in a folder of its own."""


def main() -> None:
    """Run the examples of all pages, and write what they print."""
    for page in PAGES:
        with TemporaryDirectory() as folder:
            page.write_text(_run(page.read_text(encoding="utf-8"), Path(folder)), encoding="utf-8")


def _run(text: str, here: Path) -> str:
    (here / "studies").symlink_to(ROOT / "studies")
    variables = {name: value for name, value in os.environ.items() if "STORAGE" not in name}
    variables |= {"COLUMNS": "80", "PYTHONPATH": str(ROOT)}

    def python(*words: str) -> str:
        line = [sys.executable, *words]
        return subprocess.run(
            line, cwd=here, env=variables, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    return played(
        text,
        here,
        lambda *words: python("-m", "dynstudy", *words),
        lambda code: python("-c", code),
    )


if __name__ == "__main__":
    main()
