"""The dashboard over HTTP, as a browser asks it."""

import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from optuna.artifacts import FileSystemArtifactStore, upload_artifact

from dynstudy.analysis.regime_map import regime_map
from dynstudy.dashboard.page import publish
from dynstudy.dashboard.server import DashboardServer
from dynstudy.errors import DynstudyError
from dynstudy.report.map_text import write_map
from dynstudy.store.studies import Storage
from tests.planted import SpecMaker, plant

HOSTILE = ["../../etc/passwd", "q\"uo'te", "<script>alert(1)</script>", "🌀 é", "a/b?c#d%2e"]


@contextmanager
def serving(storage: Storage, **options: Any) -> Iterator[DashboardServer]:
    with DashboardServer(storage, port=0, **options) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        try:
            yield server
        finally:
            server.shutdown()


def ask(
    server: DashboardServer, path: str, method: str = "GET", **headers: str
) -> tuple[int, bytes]:
    data = b'{"version": 1, "body": "mine"}' if method != "GET" else None
    sent = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(server.address + path, data, sent, method=method)
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_a_study_is_served_with_its_figures_note_and_files(
    storage: Storage, make_spec: SpecMaker, tmp_path: Path
) -> None:
    space = {"learning_rate": 1.0, "amplitude": [3, 30], "period": [10, 30], "width": [5, 9, 20]}
    plant(storage, make_spec(space=space))
    publish(storage, "small")
    with serving(storage) as server:
        status, body = ask(server, "/api/studies/1?after=0")
        study = json.loads(body)
        assert status == 200
        assert len(study["trials"]) == 3 + 3 * 4
        figures = [figure["id"] for figure in study["plotly_graph_objects"]]
        assert figures == sorted(figures)
        assert len(figures) == 4
        for figure in study["plotly_graph_objects"]:
            assert json.loads(figure["graph_object"])["data"]
        assert "## What was found" in study["note"]["body"]
        files = {artifact["filename"]: artifact for artifact in study["artifacts"]}
        assert set(files) == {"map.png", "cells.csv", "boundaries.csv", "study.toml"}
        picture = ask(server, f"/artifacts/1/{files['map.png']['artifact_id']}")[1]
        drawn, _ = write_map(regime_map(storage, "small"), tmp_path / "own")
        assert picture == drawn.read_bytes()
        numbers = {entry["key"] for entry in study["union_user_attrs"] if entry["sortable"]}
        assert {"sem", "gain", "forgetting", "replicates", "diverged"} <= numbers
        for path in ("/dashboard", "/dashboard/studies/1", "/api/meta", "/api/studies", "/csv/1"):
            assert ask(server, path)[0] == 200, path


def test_a_read_only_dashboard_changes_nothing(storage: Storage, make_spec: SpecMaker) -> None:
    plant(storage, make_spec())
    publish(storage, "small")
    before = storage.optuna.get_study_system_attrs(1)
    with serving(storage) as server:
        headers = {"Origin": server.address}
        for method, path in [
            ("PUT", "/api/studies/1/note"),
            ("DELETE", "/api/studies/1"),
            ("POST", "/api/studies"),
            ("POST", "/api/llm/trial_filter_query"),
        ]:
            status, body = ask(server, path, method, **headers)
            assert status == 403
            assert "--writable" in json.loads(body)["reason"]
        assert ask(server, "/api/studies", Host="evil.example")[0] == 403
    assert storage.optuna.get_study_system_attrs(1) == before


def test_a_writable_one_takes_notes_from_its_own_page(
    storage: Storage, make_spec: SpecMaker
) -> None:
    plant(storage, make_spec())
    with serving(storage, writable=True) as server:
        note = "/api/studies/1/note"
        assert ask(server, note, "PUT", Origin="http://evil.example")[0] == 403
        assert json.loads(ask(server, "/api/studies/1")[1])["note"]["body"] == ""
        assert ask(server, note, "PUT", Origin=server.address)[0] == 204
        assert json.loads(ask(server, "/api/studies/1")[1])["note"]["body"] == "mine"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_names_and_nothing_more(
    name: str, storage: Storage, make_spec: SpecMaker, tmp_path: Path
) -> None:
    plant(storage, make_spec(name=name))
    publish(storage, name)
    files = {path for path in tmp_path.rglob("*") if path.is_file()}
    outside = {path.name for path in files if path.parent.name != "studies.artifacts"}
    assert outside <= {"studies.db", "studies.db-wal", "studies.db-shm"}
    with serving(storage) as server:
        study = json.loads(ask(server, "/api/studies/1")[1])
        assert study["name"] == name
        assert all(name not in figure["graph_object"] for figure in study["plotly_graph_objects"])
        assert len(study["plotly_graph_objects"]) == 2
        listed = json.loads(ask(server, "/api/studies")[1])["study_summaries"]
        assert [entry["study_name"] for entry in listed] == [name]


def test_a_study_that_may_not_be_written_is_served(
    storage: Storage, make_spec: SpecMaker, tmp_path: Path
) -> None:
    plant(storage, make_spec())
    storage.engine.dispose()
    (tmp_path / "studies.db").chmod(0o444)
    archived = Storage(f"sqlite:///file:{tmp_path}/studies.db?mode=ro&immutable=1&uri=true")
    with serving(archived) as server:
        assert len(json.loads(ask(server, "/api/studies/1")[1])["trials"]) == 5
    archived.engine.dispose()


def test_no_end_of_line_gets_a_file_past_the_guard(
    storage: Storage, make_spec: SpecMaker, tmp_path: Path
) -> None:
    """As the dashboard, which reads such an address like the one without it, would run it."""
    plant(storage, make_spec())
    page = tmp_path / "page.html"
    page.write_text("<script>alert(1)</script>")
    folder = tmp_path / "studies.artifacts"
    folder.mkdir()
    artifact = upload_artifact(
        artifact_store=FileSystemArtifactStore(folder),
        file_path=str(page),
        study_or_trial=storage.study("small"),
    )
    with serving(storage) as server:
        with urllib.request.urlopen(f"{server.address}/artifacts/1/{artifact}") as answer:
            assert answer.headers["Content-Security-Policy"] == "sandbox"
        for end in ("%0a", "%0A", "%250a", "%00", "%2e", ";", "%2f%2f"):
            status, body = ask(server, f"/artifacts/1/{artifact}{end}")
            assert status == 404
            assert b"script" not in body


def test_a_port_that_is_taken_is_named_with_the_way_out(storage: Storage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DynstudyError, match=f"port {port} is taken .* --port"):
            DashboardServer(storage, port=port)


def test_only_this_machine_is_listened_to(storage: Storage) -> None:
    with DashboardServer(storage, port=0) as server:
        assert server.server_address[0] == "127.0.0.1"
        assert server.address == f"http://127.0.0.1:{server.server_port}"
