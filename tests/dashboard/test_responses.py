"""Figures on their way to the page."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna_dashboard._custom_plot_data import get_plotly_graph_objects, split_plot_data

from dynstudy.dashboard.guard import Environ
from dynstudy.dashboard.responses import beside_ours, join_figures, sort_figures


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9.-]*", fullmatch=True), st.text(max_size=9000)))
def test_the_dashboard_reads_joined_figures_as_it_reads_pieces(figures: dict[str, str]) -> None:
    pieces = {"dashboard:note_ver": 3, "artifacts:a": "{}"}
    for name, text in figures.items():
        pieces |= split_plot_data(text, f"dashboard:plot_data:{name}:")
    joined = dict(pieces)
    join_figures(joined)
    assert get_plotly_graph_objects(joined) == get_plotly_graph_objects(pieces)
    assert len(joined) == 2 + len([text for text in figures.values() if text])
    assert joined["dashboard:note_ver"] == 3


def test_figures_are_sorted_and_nothing_else_is_touched() -> None:
    hostile = '", "plotly_graph_objects": [{"id": "x"}]}'
    answer = {
        "name": hostile,
        "trials": [{"number": 1}],
        "plotly_graph_objects": [
            {"id": "b", "graph_object": '{"title": "é🌀"}'},
            {"id": "a", "graph_object": hostile},
        ],
    }
    parsed = json.loads(sort_figures(json.dumps(answer).encode()))
    assert [figure["id"] for figure in parsed["plotly_graph_objects"]] == ["a", "b"]
    assert parsed["plotly_graph_objects"] == answer["plotly_graph_objects"][::-1]
    assert {**parsed, "plotly_graph_objects": 0} == {**answer, "plotly_graph_objects": 0}


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"reason": "no"}', b'{"a": 1, "plotly_graph_objects": 3}']
)
def test_what_it_does_not_know_is_left_as_it_is(body: bytes) -> None:
    assert sort_figures(body) == body


def test_a_page_is_sent_whole_whatever_a_browser_kept_of_it() -> None:
    def page(environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
        assert "HTTP_IF_MODIFIED_SINCE" not in environ
        start_response("200 OK", [("Last-Modified", "today"), ("Content-Length", "13")])
        return [b"<head></head>"]

    begun: list[Any] = []
    environ = {"PATH_INFO": "/dashboard", "HTTP_IF_MODIFIED_SINCE": "yesterday"}
    answer = beside_ours(page, writable=True)(environ, lambda *given: begun.append(given))
    body = b"".join(answer)
    assert b"/site/beside.js" in body
    assert dict(begun[0][1]) == {"Content-Length": str(len(body)), "Cache-Control": "no-cache"}
