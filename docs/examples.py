"""What pages show of examples: run, put in, and drawn. ``make docs``."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from docs.generate import ROOT
from docs.schedule_picture import schedule_figure
from docs.transcript import played
from dynstudy.pictures.style import save

README = ROOT / "README.md"
PAGES = (
    README,
    *(ROOT / "docs" / f"{name}.md" for name in ("tutorial", "own-data", "losses", "own-model")),
)
QUICKSTART = ROOT / "docs" / "quickstart.png"


def main() -> None:
    """Run the examples of all pages, write what they print, and README's pictures."""
    for page in PAGES:
        with TemporaryDirectory() as folder:
            text = _run(page.read_text(encoding="utf-8"), Path(folder))
            page.write_text(text, encoding="utf-8")
            if page == README:
                _keep(Path(folder, "results", "quickstart.png"), text)
    save(schedule_figure(), ROOT / "docs" / "schedule.png")


def _run(text: str, here: Path) -> str:
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


def _keep(drawn: Path, text: str) -> None:
    """README's picture, in which stands what README shows of the same run."""
    info = PngInfo()
    info.add_itxt("Description", shown(text))
    with Image.open(drawn) as picture:
        picture.save(QUICKSTART, pnginfo=info, dpi=picture.info["dpi"])


def shown(text: str) -> str:
    """The map of quickstart as README shows it."""
    _, _, after = text.partition("$ dynstudy map quickstart --out results\n")
    return after.partition("```")[0]


if __name__ == "__main__":
    main()
