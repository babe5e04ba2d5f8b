"""Who is let through to the dashboard, and what is said to who is not."""

import json
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from dynstudy.dashboard.guard import Guard

PORT = 8080
HERE = f"127.0.0.1:{PORT}"


def dashboard(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Stands for the dashboard: it does whatever it is asked."""
    headers = [("Content-Type", "text/plain"), ("Access-Control-Allow-Origin", "*")]
    start_response("200 OK", headers)
    return [f"did {environ['REQUEST_METHOD']}".encode()]


def ask(
    method: str = "GET",
    path: str = "/api/studies",
    *,
    writable: bool = False,
    artifacts: Path = Path("nowhere"),
    **headers: str | None,
) -> tuple[str, dict[str, str], bytes]:
    environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": HERE}
    setup_testing_defaults(environ)
    for name, value in headers.items():
        environ.pop(f"HTTP_{name.upper()}", None)
        if value is not None:
            environ[f"HTTP_{name.upper()}"] = value
    answered: list[Any] = []
    guard = Guard(dashboard, writable=writable, artifacts=artifacts)
    body = b"".join(guard(environ, lambda *arguments: answered.append(arguments)))
    status, answer_headers = answered[0]
    return status, dict(answer_headers), body


def refused(**request: Any) -> str:
    status, headers, body = ask(**request)
    assert status == "403 Forbidden"
    assert headers["Content-Type"] == "application/json"
    reason = json.loads(body)["reason"]
    assert isinstance(reason, str)
    assert "\n" not in reason
    return reason


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_is_let_through(method: str) -> None:
    assert ask(method)[2] == f"did {method}".encode()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get"])
def test_nothing_else_is_by_default_wherever_it_comes_from(method: str) -> None:
    assert "--writable" in refused(method=method, origin=f"http://{HERE}")


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1:8080", "localhost:8080", "[::1]:8080", "LocalHost:8080"),
        *("127.0.0.1:9000", "localhost:9000", "[::1]:9000"),  # ssh -L 9000:localhost:8080
        *("127.0.0.1", "localhost", "[::1]"),  # port 80, which browsers leave out
    ],
)
@pytest.mark.parametrize("writable", [False, True])
def test_names_of_this_machine_are_answered_on_any_port(host: str, writable: bool) -> None:
    assert ask(host=host)[0] == "200 OK"
    if writable:
        assert ask("POST", host=host, writable=True, origin=f"http://{host.lower()}")[0] == "200 OK"
        assert "own page only" in refused(
            method="POST", host=host, writable=True, origin="http://localhost:1234"
        )


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example:8080",  # a name that was made to point here
        "evil.example",
        "127.0.0.1:",
        "127.0.0.1:80 80",
        "127.0.0.1:٨٠٨٠",
        "127.0.0.1:8080\n",
        "127.0.0.2:8080",
        "localhost.:8080",
        "localhost.evil.example:8080",
        "127.0.0.1:8080.evil.example",
        "127.0.0.1:8080,evil.example",
        "evil.example@127.0.0.1:8080",
        "0.0.0.0:8080",
    ],
)
@pytest.mark.parametrize("writable", [False, True])
def test_other_names_are_not_even_to_read(host: str | None, writable: bool) -> None:
    assert "localhost, 127.0.0.1 and [::1] only" in refused(host=host, writable=writable)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_its_own_page_may_write_where_asked_for(method: str, name: str) -> None:
    host = f"{name}:{PORT}"
    status, _, body = ask(method, writable=True, host=host, origin=f"http://{host}")
    assert status == "200 OK"
    assert body == f"did {method}".encode()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://evil.example"},
        {"origin": "https://127.0.0.1:8080"},
        {"origin": "http://127.0.0.1:8888"},  # another server of this machine
        {"origin": "http://127.0.0.1:8080.evil.example"},
        {"origin": "http://evil.example", "sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
    ],
)
def test_no_other_page_may_write(headers: dict[str, str]) -> None:
    reason = refused(method="POST", writable=True, **headers)
    assert "the dashboard's own page only" in reason


def test_a_browser_that_leaves_out_the_origin_says_it_otherwise() -> None:
    assert ask("POST", writable=True, sec_fetch_site="same-origin")[0] == "200 OK"


def test_renaming_is_left_to_the_command_that_keeps_what_belongs_to_the_study() -> None:
    for path in ("/api/studies/1/rename", "/api/studies/1/rename/"):
        reason = refused(method="POST", path=path, writable=True, origin=f"http://{HERE}")
        assert "dynstudy rename" in reason


def test_other_pages_may_neither_read_nor_frame_what_is_answered() -> None:
    _, headers, _ = ask()
    assert "Access-Control-Allow-Origin" not in headers
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_an_artifact_cannot_run_as_the_page_and_a_lost_one_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "0a-1b").write_text("<script>")
    for path in ("/artifacts/1/0a-1b", "/artifacts/1/2/0a-1b"):
        status, headers, _ = ask(path=path, artifacts=tmp_path)
        assert status == "200 OK"
        assert headers["Content-Security-Policy"] == "sandbox"
    status, _, body = ask(path="/artifacts/1/0a-1c", artifacts=tmp_path)
    assert status == "404 Not Found"
    assert str(tmp_path) in json.loads(body)["reason"]


ANYWHERE = "/artifacts/1/0a-1b"
STRANGE = [
    f"{ANYWHERE}\n",  # a pattern's end is before it, too
    f"{ANYWHERE}\r",
    f"{ANYWHERE}\0",
    f"{ANYWHERE}%0a",  # encoded twice
    f"{ANYWHERE};x",
    f"{ANYWHERE}.",
    f"{ANYWHERE} ",
    f"{ANYWHERE}//",
    f"/{ANYWHERE}",
    "/artifacts/1//0a-1b",
    "/artifacts/1/../1/0a-1b",
    "/artifacts/1/./0a-1b",
    "/artifacts/%31/0a-1b",
    "/artifacts/1\\0a-1b",
    "/artifacts/١/0a-1b",
    "/static/../index.html",
    "/api/studies/1/rename\n",
    "/api/studies/1/rename//",
    "/api/studies/1\n",
    "http://evil.example/artifacts/1/0a-1b",
    "",
]


@pytest.mark.parametrize("path", STRANGE)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_no_other_way_to_write_an_address_gets_past(path: str, method: str, tmp_path: Path) -> None:
    (tmp_path / "0a-1b").write_text("<script>")
    origin = f"http://{HERE}"
    status, _, body = ask(method, path, writable=True, origin=origin, artifacts=tmp_path)
    assert status in {"404 Not Found", "403 Forbidden"}
    assert b"did" not in body


def test_whatever_lies_among_the_artifacts_cannot_run() -> None:
    for path in ("/artifacts/1/x", "/artifacts/1/2/3/0a-1b", "/artifacts/0a-1b/"):
        assert ask(path=path)[1]["Content-Security-Policy"] == "sandbox"


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/dashboard", "/dashboard/", "/dashboard/studies/1/note", "/static/bundle.js"),
        *("/csv/1", "/favicon.ico", "/api/studies/1/plot/contour", "/api/llm/trial_filter_query"),
    ],
)
def test_every_address_of_the_dashboard_is_passed_on(path: str) -> None:
    assert ask(path=path)[0] == "200 OK"
