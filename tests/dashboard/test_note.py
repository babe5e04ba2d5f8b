"""The note of a study's page, as Markdown shows it."""

import tomllib
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from dynstudy.dashboard.note import MARK, MOST_LAUNCHES, code, markdown, split_note, write_note
from dynstudy.study.spec import StudySpec
from tests.planted import SMALL, SpecMaker

RUN = {
    "started": "2026-01-01 00:00:00",
    "ended": None,
    "status": "interrupted",
    "networks": 3,
    "backend": "cpu",
    "device": None,
    "processor": "<b>chip</b>",
    "system": "Linux",
    "versions": {"python": "3.11"},
    "git_commit": "abc123",
    "git_clean": False,
    "command": "dynstudy run '```x<script>.toml'",
}


class Page(HTMLParser):
    """What a browser would show of some HTML, and with which elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.tags = "", set[str]()
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)


def shown(text: str) -> Page:
    return Page(MarkdownIt("commonmark").enable("table").render(text))


@given(st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" ")))
@pytest.mark.filterwarnings("error")
def test_text_is_shown_as_it_is(text: str) -> None:
    text = " ".join(text.split())
    page = shown(f"a {markdown(text)} b")
    assert page.text == f"a {text} b\n"
    assert page.tags == {"p"}


@given(st.text(st.sampled_from("`a\n<")))
def test_code_is_one_block_whatever_it_holds(text: str) -> None:
    page = shown(f"{code(text)}\n\nafter")
    assert page.tags == {"pre", "code", "p"}
    assert page.text == f"{text.strip()}\n\nafter\n" if text.strip() else "\n\nafter\n"


def test_it_says_what_was_run_found_and_how_to_get_it_again(make_spec: SpecMaker) -> None:
    spec = make_spec(name="<script>\"```'")
    note = write_note(spec, ["DCE: +0.2 [0.1, 0.3]"], ["3 cells are <missing>"], [RUN])
    page = shown(note)
    assert "script" not in page.tags
    assert "b" not in page.tags
    for said in (
        "A map of DCE over 2 amplitudes (3 to 30), 2 periods (10 to 30), width 5",
        "DCE: +0.2 [0.1, 0.3]",
        "3 cells are <missing>",
        "conditional on the training spiral of seed 0",
        "commit abc123, with uncommitted changes",
        "interrupted, 3 networks trained",
        "<b>chip</b>",
        RUN["command"],
    ):
        assert said in page.text
    assert MARK not in page.text
    file = page.text.partition("it is an artifact, too.")[2].partition("dynstudy run study")[0]
    assert StudySpec.of(tomllib.loads(file)) == spec


def test_it_says_how_networks_are_not_as_by_default(make_spec: SpecMaker) -> None:
    assert "in float32." in shown(write_note(make_spec(), [], [], [])).text
    changes = {"network": {"depth": 2}, "optimiser": {"momentum": 0.5}, "schedule": "sine"}
    other = make_spec(protocol=SMALL["protocol"] | changes)
    assert (
        "in float32; networks of 2 hidden layers of relu; trained by sgd with momentum 0.5; the "
        "schedule is sine."
    ) in shown(write_note(other, [], [], [])).text


def test_what_the_user_wrote_stands_above_and_is_found_again(make_spec: SpecMaker) -> None:
    note = write_note(make_spec(), [], [], [], "My *own* words.\n\nMore.\n")
    assert shown(note).text.startswith("My own words.\nMore.")
    assert "em" in shown(note).tags
    assert split_note(note) == "My *own* words.\n\nMore."
    assert split_note(write_note(make_spec(), [], [], [])) == ""


def test_only_the_last_launches_are_told(make_spec: SpecMaker) -> None:
    runs = [RUN | {"networks": number} for number in range(100, 108)]
    text = shown(write_note(make_spec(), [], [], runs)).text
    assert "107 networks" in text
    assert "102 networks" not in text
    assert f"{8 - MOST_LAUNCHES} launches before these are not shown" in text
