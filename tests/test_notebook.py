"""What is shown in a notebook."""

import sys
from types import SimpleNamespace

import pytest

from dynstudy.notebook import Bar, html_table, in_notebook


class Output:
    """The output of a cell, as IPython keeps it."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def display(self, html: str, display_id: bool) -> "Output":
        self.shown.append(html)
        return self

    def update(self, html: str) -> None:
        self.shown[-1] = html


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


def test_a_bar_fills_in_place(output: Output) -> None:
    bar = Bar("<small>")
    bar.show(0.25, "1 of 4")
    assert len(output.shown) == 1
    assert 'value="0.2500"' in output.shown[0]
    bar.show(1.0, "4 of 4")
    assert len(output.shown) == 1
    assert 'value="1.0000"' in output.shown[0]
    assert "&lt;small&gt;" in output.shown[0]
    assert "4 of 4" in output.shown[0]


def test_what_people_write_is_text_in_a_table() -> None:
    html = html_table("<i>", [{"<b>": "<script>"}])
    assert "<i>" not in html
    assert "<b>" not in html
    assert "<script>" not in html
    assert html_table("nothing", []).count("<table") == 0
