"""`dynstudy dashboard`, and the page that a run leaves behind, as a user meets them."""

import json
import socket
import sqlite3
import urllib.request
from contextlib import closing
from pathlib import Path

import tomli_w
from typer.testing import CliRunner

from dynstudy.cli import app
from dynstudy.errors import DynstudyError
from dynstudy.store.studies import Storage
from tests.command import dynstudy, start
from tests.planted import SMALL, SpecMaker, plant


def refusal(*arguments: str) -> str:
    """What is wrong with a command, which `dynstudy.cli.main` prints as one line."""
    done = CliRunner().invoke(app, ["dashboard", "--no-open", *arguments])
    assert isinstance(done.exception, DynstudyError)
    assert done.stdout == ""
    return str(done.exception)


def test_a_run_leaves_a_page_that_the_dashboard_serves_until_ctrl_c(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(tomli_w.dumps(SMALL))
    _, err = dynstudy(tmp_path, "run", "small.toml")
    assert "warning" not in err
    assert len(list((tmp_path / "storage" / "dynstudy.artifacts").iterdir())) == 4
    # a page that is missing is made when it is opened
    with closing(sqlite3.connect(tmp_path / "storage" / "dynstudy.db")) as connection, connection:
        assert connection.execute("DELETE FROM study_system_attributes").rowcount > 5
    line = ["dashboard", "small", "--port", "0", "--no-open", "--artifacts", "files"]
    with start(tmp_path, *line) as command:
        command.until(lambda: "\n" in command.out)
        page = command.out.strip()
        address, _, study = page.partition("/studies/")
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{address}/api/studies/{study}", timeout=60) as answer:
            shown = json.loads(answer.read())
        assert [figure["id"] for figure in shown["plotly_graph_objects"]] == [
            "map-dce-width00005-rate1",
            "width-accuracy",
        ]
        assert len(list((tmp_path / "files").iterdir())) == 4
        with urllib.request.urlopen(page, timeout=60) as answer:
            assert b'id="map-dce-width00005-rate1"' in answer.read()
        command.interrupt()
        status, out, err = command.ends()
    assert status == 0, err
    assert out == f"{page}\n"  # the address alone
    assert "Traceback" not in err


def test_what_is_wrong_is_said(
    storage: Storage, url: str, make_spec: SpecMaker, tmp_path: Path
) -> None:
    absent = f"sqlite:///{tmp_path}/absent.db"
    for option in ("--no-open", "--writable"):
        assert "run a study first" in refusal("--storage", absent, option)
    assert not (tmp_path / "absent.db").exists()
    plant(storage, make_spec())
    assert "did you mean 'small'" in refusal("smal", "--storage", url)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"port {port} is taken" in refusal("--storage", url, "--port", port)
