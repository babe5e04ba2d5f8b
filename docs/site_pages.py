"""What MkDocs is told of this repository: pages that stand outside docs/, and all commands."""

import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "CITATION.cff": "CITATION.cff",
    "storage/README.md": "database.md",
    **{f"studies/{path.name}": f"studies/{path.name}" for path in ROOT.glob("studies/*.*")},
}
"""What the site has besides docs/, by where it stands in the repository."""

SOURCES = {page: source for source, page in PAGES.items()}
LINK = re.compile(r"(?<=\]\()([^)#:\s]+)")


def on_config(config: Any) -> None:
    """List the commands in the navigation, as their index does."""
    index = Path(config.docs_dir, "commands", "README.md").read_text(encoding="utf-8")
    names = re.findall(r"^\| \[`dynstudy ([\w ]+)`\]", index, flags=re.MULTILINE)
    pages = [
        {"All commands": "commands/README.md"},
        *({name: f"commands/{name.replace(' ', '-')}.md"} for name in names),
    ]
    (section,) = (entry for entry in config.nav if "Commands" in entry)
    section["Commands"] = pages


def on_files(files: Any, config: Any) -> None:
    """Add the pages that stand elsewhere."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links lead to where on the site the files are that they name in the repository."""
    uri = page.file.src_uri
    if uri == "index.md":
        page.meta["hide"] = ["navigation"]  # which would be this page alone
    here = PurePosixPath(SOURCES.get(uri, f"docs/{uri}")).parent

    def moved(link: re.Match[str]) -> str:
        target = os.path.normpath(here / link[1])
        on_site = PAGES.get(target, target.removeprefix("docs/"))
        return os.path.relpath(on_site, PurePosixPath(uri).parent)

    return LINK.sub(moved, markdown)
