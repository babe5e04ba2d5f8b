"""A page that shows commands and Python: all of it run in order, and what was printed put in."""

import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

MODULE = re.compile(r"# (\w+\.py)\n")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def played(text: str, here: Path, command: Callable[..., str], python: Callable[[str], str]) -> str:
    """Run what a page tells its reader to type.

    A study file is saved under its name, and Python under that in a first line ``# NAME.py``. What
    follows a command, up to the next one, is what it printed: all of it, or as many lines as there
    are before a last one of ``…``; where nothing follows, nothing is put in. A block of text right
    after a block of Python is what that printed.

    Args:
        text: the page, in Markdown.
        here: the folder to run it in.
        command: runs ``dynstudy`` with these words there, and returns what it prints.
        python: runs a script there, and returns what it prints.

    Returns:
        The page, with what was printed now.
    """
    printed, end = "", 0  # of the last block of Python

    def run(block: re.Match[str]) -> str:
        nonlocal printed, end
        language, inner = block.groups()
        if language == "toml":
            (here / f"{tomllib.loads(inner)['name']}.toml").write_text(inner, encoding="utf-8")
        elif language == "console":
            inner = "".join(f"$ {typed}\n{out}" for typed, out in _typed(inner, command))
        elif language == "python" and (named := MODULE.match(inner)):
            (here / named[1]).write_text(inner, encoding="utf-8")
        elif language == "python":
            printed, end = _tidy(python(inner)), block.end()
        elif language == "text" and end and not text[end : block.start()].strip():
            inner = printed
        return f"```{language}\n{inner}```"

    return FENCE.sub(run, text)


def _typed(block: str, command: Callable[..., str]) -> Iterator[tuple[str, str]]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        typed, _, shown = part.partition("\n")
        program, *words = typed.split()
        assert program == "dynstudy", typed
        out = command(*words)
        yield typed, _as_much(_tidy(out), shown) if shown else ""


def _as_much(printed: str, shown: str) -> str:
    *lines, last = shown.splitlines()
    return "\n".join([*printed.splitlines()[: len(lines)], last, ""]) if last == "…" else printed


def _tidy(printed: str) -> str:
    """Lines without the spaces that fill them up, and without empty ones at either end."""
    lines = [line.rstrip() for line in printed.splitlines()]
    return "\n".join(lines).strip("\n") + "\n"
