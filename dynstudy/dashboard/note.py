"""The note of a study's page, as Markdown: what was run, what was found, how to get it again."""

import re
from collections.abc import Sequence
from typing import Any

import tomli_w

from dynstudy.analysis.regime_map import conditional
from dynstudy.errors import with_article
from dynstudy.study.spec import StudySpec

MARK = '[dynstudy]: # "what is below this line is written anew; write above it"'
"""Parts the user's own words from ours: a link's definition, which Markdown does not show."""

MOST_LAUNCHES = 5


def markdown(text: str) -> str:
    r"""Text that Markdown shows as it is: neither markup, nor HTML, nor mathematics.

    Returns:
        One line with a backslash before every mark of ASCII.

    >>> print(markdown("<b>*x*</b>"))
    \<b\>\*x\*\<\/b\>
    """
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


def code(text: str, language: str = "") -> str:
    """Text as a block of code, whatever backticks it holds."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.strip()}\n{fence}"


def split_note(body: str) -> str:
    """The user's own words in a note, which stand above ours."""
    return body.partition(MARK)[0].strip()


def write_note(
    spec: StudySpec,
    headline: Sequence[str],
    notes: Sequence[str],
    launches: Sequence[dict[str, Any]],
    users_words: str = "",
) -> str:
    """The note of a study as Markdown, the user's own words above the rest."""
    parts = [f"{users_words.strip()}\n\n{MARK}\n\n---" if users_words.strip() else MARK]
    parts += ["## What was run", markdown(_what(spec))]
    parts.append("## What was found")
    if headline:
        parts.append("\n".join(f"- {markdown(line)}" for line in headline))
    parts += [f"⚠ {markdown(note)}" for note in notes]
    parts.append(f"*All of it is {markdown(conditional(spec.protocol))}.*")
    parts += ["## How to get it again", "Save this as `study.toml`; it is an artifact, too."]
    parts += [code(tomli_w.dumps(spec.resolved()), "toml"), code("dynstudy run study.toml", "sh")]
    parts.append("## Where it comes from (times are UTC)")
    parts += [_launch(launch) for launch in launches[-MOST_LAUNCHES:]]
    if not launches:
        parts.append("No launch of it is recorded here.")
    elif len(launches) > MOST_LAUNCHES:
        parts.append(f"{len(launches) - MOST_LAUNCHES} launches before these are not shown.")
    return "\n\n".join(parts) + "\n"


def _what(spec: StudySpec) -> str:
    protocol = spec.protocol
    tail = {"none": "no tail at A = 1", "period": "the last oscillation at A = 1"}.get(
        str(protocol.tail), f"the last {protocol.tail} of them at A = 1"
    )
    return (
        f"{with_article(spec.title).capitalize()} of "
        f"{', '.join(loss.upper() for loss in spec.loss)} over "
        f"{spec.described()}, {protocol.steps_said} steps each ({tail}), in {protocol.dtype}"
        f"{protocol.changes_said}."
    )


def _launch(launch: dict[str, Any]) -> str:
    commit = launch["git_commit"] or "no git checkout"
    state = "" if launch["git_clean"] in {True, None} else ", with uncommitted changes"
    versions = ", ".join(f"{name} {number}" for name, number in launch["versions"].items())
    facts = [
        f"{launch['started']} to {launch['ended'] or '(no end recorded)'}: {launch['status']}, "
        f"{launch['networks']} networks trained",
        f"{launch['backend'] or 'no backend'} on {launch['device'] or launch['processor']}; "
        f"{launch['system']}",
        versions,
        f"commit {commit}{state}",
    ]
    return (
        "\n".join(f"- {markdown(fact)}" for fact in facts) + f"\n\n{code(launch['command'], 'sh')}"
    )
