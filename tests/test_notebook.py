"""What is shown in a notebook."""

import sys
from types import SimpleNamespace

import pytest
from rich.console import Console

from dynstudy.launch.progress import Progress
from dynstudy.launch.runner import run
from dynstudy.notebook import NotebookBar, html_table, in_notebook
from tests.planted import SpecMaker


class Output:
    """The output of a cell, as IPython keeps it."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.updates = 0

    def display(self, html: str, display_id: bool) -> "Output":
        self.shown.append(html)
        return self

    def update(self, html: str) -> None:
        self.shown[-1] = html
        self.updates += 1


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> Output:
    """A kernel's, without one."""
    output = Output()
    ipython = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()))
    display = SimpleNamespace(HTML=str, display=output.display)
    monkeypatch.setitem(sys.modules, "IPython", ipython)  # type: ignore[misc]
    monkeypatch.setitem(sys.modules, "IPython.display", display)  # type: ignore[misc]
    return output


def test_a_kernel_is_a_notebook_and_a_terminal_is_none(
    output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert in_notebook()
    terminal = SimpleNamespace(get_ipython=lambda: SimpleNamespace())
    for module in (terminal, SimpleNamespace(get_ipython=lambda: None)):
        monkeypatch.setitem(sys.modules, "IPython", module)  # type: ignore[misc]
        assert not in_notebook()
    monkeypatch.delitem(sys.modules, "IPython")
    assert not in_notebook()


def test_a_bar_fills_in_place_and_ends_where_it_came_to(
    output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    bar = NotebookBar("<small>")
    for tenth in range(11):
        now[0] = tenth / 10
        bar.show(tenth / 10, f"{tenth} of 10")
    assert output.updates == 1  # ten times a second would be kept
    bar.end()
    bar.end()
    assert output.updates == 2
    assert len(output.shown) == 1
    assert 'value="1.0000"' in output.shown[0]
    assert "10 of 10" in output.shown[0]
    assert "&lt;small&gt;" in output.shown[0]


def test_a_bar_of_nothing_is_not_shown(output: Output) -> None:
    NotebookBar("small").end()
    assert output.shown == []


def test_a_launch_shows_itself_in_a_notebook_unless_somebody_else_listens(
    output: Output, make_spec: SpecMaker, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    heard: list[Progress] = []
    summary = run(make_spec(), storage=url, report=heard.append)
    assert heard
    assert output.shown == []
    summary = run(make_spec(name="other", loss="dmse1"), storage=url)
    (bar,) = output.shown
    assert "other" in bar
    assert "100%" in bar
    assert f"{summary.trained}/{summary.trained} networks" in bar
    html = summary._repr_html_()
    assert "other: done" in html
    assert f"<td>{summary.trained}</td>" in html


def test_where_there_is_no_notebook_a_launch_is_silent(
    make_spec: SpecMaker, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = run(make_spec(), storage=url)
    assert capsys.readouterr() == ("", "")
    Console().print(summary)
    assert capsys.readouterr().out.startswith("small: 16 networks trained, 0 taken from the")
    assert str(summary).startswith("small: 16 networks trained, 0 taken from the ledger, ")


def test_what_people_write_is_text_in_a_table() -> None:
    html = html_table("<i>", [{"<b>": "<script>"}])
    assert "<i>" not in html
    assert "<b>" not in html
    assert "<script>" not in html
    assert html_table("nothing", []).count("<table") == 0
