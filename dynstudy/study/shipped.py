"""The study files that come with dynstudy: templates, and the studies of the paper."""

from pathlib import Path

from dynstudy.errors import SpecError, nearest

FIRST = ("quickstart", "map", "search", "boundary", "atlas")
"""What a newcomer begins with."""

PACKAGE = Path(__file__).parents[1]


def shipped() -> dict[str, Path]:
    """The files by the names of their studies, what to begin with first."""
    folder = PACKAGE / "studies"
    if not folder.is_dir():  # not installed, but a checkout
        folder = PACKAGE.parent / "studies"
    files = {path.stem: path for path in sorted(folder.glob("*.toml"))}
    return {name: files[name] for name in (*FIRST, *files) if name in files}


def shipped_file(name: str) -> Path:
    """Return the file of a study, called NAME or NAME.toml.

    Raises:
        SpecError: there is none of that name.
    """
    files = shipped()
    stem = name.removesuffix(".toml")
    if stem not in files:
        raise SpecError(
            f"no study {name!r} comes with dynstudy{nearest(stem, files)}; "
            "dynstudy init lists those that do"
        )
    return files[stem]


def beside(path: Path) -> list[Path]:
    """The files that a study file needs beside it."""
    return sorted(path.parent.glob(f"{path.stem}-*.npz"))


def question(path: Path) -> str:
    """What a study is about: the first paragraph of its file, on one line."""
    paragraph, _, _ = path.read_text(encoding="utf-8").partition("\n#\n")
    return " ".join(line.removeprefix("#").strip() for line in paragraph.splitlines())


def where_from(path: Path) -> str:
    """Where a study file that is not there may come from, as the end of an error message."""
    suffixed = path.with_name(f"{path.name}.toml")
    if path.suffix != ".toml" and suffixed.is_file():
        return f"; did you mean {suffixed}?"
    if path.stem in shipped():
        return f"; dynstudy init {path.stem} writes {path.stem}.toml"
    return "; dynstudy init writes one to begin with"
