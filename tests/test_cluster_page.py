"""What docs/cluster.md tells its reader to type works, as far as one machine can show it."""

import ast
import re
import shlex
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import dask
import dask_jobqueue
import pytest
import tomli_w
import yaml
from sqlalchemy import create_engine, make_url, text

from dynstudy.launch.executors.security import Credentials, secured
from tests import postgres
from tests.command import Command, dynstudy, process, script, start
from tests.conftest import ROOT
from tests.launch.executors.clusters import stranger
from tests.planted import SMALL
from tests.slurm import Slurm

PAGE = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
STEPS = ("--set", "protocol.steps=200", "--set", "protocol.tail=50")


def block(language: str, holding: str) -> str:
    """The one of a language that holds a text."""
    blocks: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    (only,) = (each for each in blocks if holding in each)
    return only


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a reader, whose quickstart is a study that trains in a moment."""
    quickstart = SMALL | {"name": "quickstart"}
    (tmp_path / "quickstart.toml").write_text(tomli_w.dumps(quickstart))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DASK_CONFIG", raising=False)
    return tmp_path


@pytest.fixture
def configuration(here: Path) -> Path:
    """Certificate, key and configuration, as the recipe makes them."""
    typed = ["bash", "-e", "-c", block("sh", "openssl")]
    done = subprocess.run(typed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return here / ".config/dask"


def test_several_processes_on_one_machine(here: Path) -> None:
    lines = block("console", "--workers").splitlines()
    for line in lines:
        program, *words = shlex.split(line.removeprefix("$ "))
        assert program == "dynstudy"
        out, _ = dynstudy(here, *words)
    assert "16 of 16 networks" in out
    shown = r"  worker \S+:\d+: [\d,]+ networks, [\d,]+ network-steps/s, cpu on \d+ threads? of "
    assert all(re.match(shown, line) for line in block("text", "  worker ").splitlines())
    lines = [line for line in out.splitlines() if line.startswith("  worker ")]
    assert all(re.match(shown, line) for line in lines)


def test_the_certificate_is_a_good_one_and_its_key_is_nobody_elses(configuration: Path) -> None:
    pem, key = configuration / "dynstudy.pem", configuration / "dynstudy.key"
    check = ["openssl", "verify", "-x509_strict", "-CAfile", str(pem), str(pem)]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    configured = yaml.safe_load((configuration / "dynstudy.yaml").read_text())
    with dask.config.set(dask.config.merge(dask.config.config, configured)):
        address, security = secured("node1:8786", Credentials(), insecure=False)
    assert address == "tls://node1:8786"
    for role in ("scheduler", "worker", "client"):
        files = security.get_tls_config_for_role(role)
        assert (files["ca_file"], files["cert"], files["key"]) == (str(pem), str(pem), str(key))
        assert security.get_listen_args(role)["ssl_context"] is not None


class SubmittedError(Exception):
    pass


def test_the_script_of_a_job_is_what_the_page_shows(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Shown(dask_jobqueue.SLURMCluster):  # type: ignore[misc]
        def adapt(self, **how: int) -> None:
            assert how == {"minimum_jobs": 8, "maximum_jobs": 8}
            raise SubmittedError(self.job_script())

    monkeypatch.setattr("dask_jobqueue.SLURMCluster", Shown)
    made = stranger(here)
    files = {name.removeprefix("tls_"): str(file) for name, file in made.items()}
    pair = {"cert": files["cert"], "key": files["key"]}
    tls = {"ca-file": files["ca"], "scheduler": pair, "worker": pair, "client": pair}
    configured = {"distributed": {"comm": {"tls": tls}}}
    with (
        dask.config.set(dask.config.merge(dask.config.config, configured)),
        pytest.raises(SubmittedError) as submitted,
    ):
        script(here, block("python", "SLURMCluster"))
    (job,) = submitted.value.args
    shown = block("text", "#SBATCH").removesuffix("…\n")
    assert job.startswith(shown)
    command = shlex.split(job.removeprefix(shown))
    assert command[:3] == [sys.executable, "-m", "distributed.cli.dask_worker"]
    assert command[3].startswith("tls://")
    options = dict(
        zip(
            command[command.index("--lifetime") :: 2],
            command[command.index("--lifetime") + 1 :: 2],
            strict=True,
        )
    )
    assert options["--lifetime"] == "225m"
    assert options["--lifetime-stagger"] == "10m"
    assert options["--tls-ca-file"] == files["ca"]
    assert options["--tls-key"] == files["key"]
    assert "PRIVATE" not in job


def said() -> Iterator[str]:
    """What the package may say, with … for what differs."""
    for path in (ROOT / "dynstudy").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield "".join(
                    str(part.value) if isinstance(part, ast.Constant) else "…"
                    for part in node.values
                )


def test_each_line_that_is_explained_is_one_that_may_be_said() -> None:
    _, _, table = PAGE.partition("| line | do |")
    rows = re.findall(r"^\| `+ ?(.+?) ?`+ \| ", table, re.MULTILINE)
    assert len(rows) > 15
    lines = set(said())
    for row in rows:
        pattern = re.escape(row.rstrip("…")).replace("…", ".*").replace("3", "(3|…)")
        assert any(re.search(pattern, line) for line in lines), row


# --- whole recipes ------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.long
def test_machines_by_hand(configuration: Path, here: Path) -> None:
    port = free_port()
    lines = re.sub(r"\s+#.*", "", block("sh", "dask scheduler --protocol tls"))
    lines = lines.replace("node1:8786", f"127.0.0.1:{port}").replace(
        "--port 8786", f"--port {port}"
    )
    commands = [shlex.split(line) for line in lines.splitlines()]
    (scheduler, worker, launch) = commands
    assert [scheduler[0], worker[0], launch[0]] == ["dask", "dask", "dynstudy"]
    with ExitStack() as stack:

        def run(*words: str) -> Command:
            programs = Path(sys.executable).parent
            return stack.enter_context(process(here, str(programs / words[0]), *words[1:]))

        first = run(*scheduler)
        first.until(lambda: "Scheduler at:" in first.err)
        second = run(*worker)
        second.until(lambda: "Registered to:" in second.err)
        status, _, err = stack.enter_context(start(here, *launch[1:])).ends()
        assert status == 0, err
        assert "16 networks trained" in err
        out, _ = dynstudy(here, "show", "quickstart")
        assert "16 of 16 networks" in out
        # whoever has no certificate, or another one, is refused
        for address, options, line in (
            (f"tcp://127.0.0.1:{port}", [], "begin it with tls://"),
            (f"127.0.0.1:{port}", _options(here), "is no scheduler that can be talked to"),
        ):
            words = ["run", "quickstart.toml", "--set", "name=other", "--scheduler", address]
            status, _, err = stack.enter_context(start(here, *words, *options)).ends()
            assert (status, err.count("\n")) == (2, 1)
            assert line in err
        first.kill()
        assert second.process.wait(60) is not None  # it ends with its scheduler


def _options(folder: Path) -> list[str]:
    made = stranger(folder)
    return [
        word for name, file in made.items() for word in (f"--{name.replace('_', '-')}", str(file))
    ]


@pytest.mark.long
def test_workers_as_jobs(
    configuration: Path, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slurm = Slurm(tmp_path / "slurm", monkeypatch)
    code = block("python", "SLURMCluster").replace("jobs=8", "jobs=2")
    (here / "cluster.py").write_text(code)
    with process(here, sys.executable, "cluster.py") as launch:
        status, out, err = launch.ends()
    assert status == 0, err
    assert "16 networks trained, 0 taken" in out
    slurm.until_all_ended()
    assert len(slurm.jobs) == 2
    assert slurm.out.count("Registered to:") >= 1
    assert "PRIVATE" not in slurm.out


@pytest.mark.long
def test_a_study_a_job_on_one_postgresql(
    here: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    databases: postgres.Databases,
) -> None:
    slurm = Slurm(tmp_path / "slurm", monkeypatch)
    with databases.database() as url:
        server = make_url(url)
        shown = server._replace(password=None).render_as_string()
        secret = here / ".pgpass"
        secret.write_text(
            f"{server.host}:{server.port}:{server.database}:{server.username}:{server.password}\n"
        )
        secret.chmod(0o600)
        typed = block("bash", "#SBATCH --array")
        (here / "array.sh").write_text(re.sub(r"postgresql\+psycopg://\S+", shown, typed))
        space = SMALL["space"] | {"period": [10, 30]}
        study: dict[str, Any] = SMALL | {"name": "quickstart", "space": space, "replicates": 10}
        study["protocol"] = SMALL["protocol"] | {"steps": 2000}
        (here / "quickstart.toml").write_text(tomli_w.dumps(study))
        slurm.submit(here, "array.sh")
        slurm.until_all_ended()
        engine = create_engine(url)
        with engine.connect() as connection:
            (networks,) = connection.execute(text("SELECT count(*) FROM dynstudy_replicate")).one()
            counts = connection.execute(text("SELECT status, networks FROM dynstudy_run")).all()
        engine.dispose()
    assert [status for status, _ in counts] == ["complete"] * 4, slurm.out
    assert sum(trained for _, trained in counts) == networks == 40 + 4 * 2 * 10
    assert str(server.password) not in slurm.out
