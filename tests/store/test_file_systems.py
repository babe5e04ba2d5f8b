"""SQLite writes to no file on a file system of the network, unless a person answers for it."""

from pathlib import Path

import pytest

from dynstudy.errors import StorageError
from dynstudy.store import file_systems
from dynstudy.store.file_systems import ALLOWED, NETWORK, network_file_system
from dynstudy.store.studies import Storage
from tests.databases import SQLITE_ALONE
from tests.planted import SpecMaker

LINES = """\
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
23 22 0:40 / /home rw,relatime shared:2 master:1 - nfs4 server:/home rw,vers=4.2
24 23 254:2 / /home/me/scratch rw - xfs /dev/vdb rw
25 22 0:41 / /mnt/with\\040space rw - fuse.sshfs me@host:/ rw
26 22 0:42 / /lustre rw - lustre 10.0.0.1@tcp:/fs rw
27 22 0:43 / /lustre rw - tmpfs none rw
28 22 0:44 / /data rw - cifs //server/data rw
malformed
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/studies.db", None),
        ("/home/me/studies.db", "nfs4"),
        ("/home", "nfs4"),
        ("/homes/studies.db", None),
        ("/home/me/scratch/studies.db", None),
        ("/mnt/with space/not/there/yet.db", "fuse.sshfs"),
        ("/lustre/studies.db", None),  # something local is mounted over it
        ("/data/studies.db", "cifs"),
        ("/var/../data/studies.db", "cifs"),
    ],
)
def test_the_mount_that_is_nearest_counts(path: str, kind: str | None, tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(LINES)
    assert network_file_system(path, mounts) == kind


def test_a_relative_path_and_a_link_lead_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts, folder = tmp_path / "mountinfo", tmp_path / "there"
    mounts.write_text(f"1 0 0:1 / / rw - ext4 a rw\n2 1 0:2 / {folder} rw - gpfs b rw\n")
    folder.mkdir()
    (tmp_path / "link").symlink_to(folder)
    monkeypatch.chdir(folder)
    for path in ("studies.db", tmp_path / "link/studies.db"):
        assert network_file_system(path, mounts) == "gpfs"


def test_where_nothing_is_told_of_mounts_nothing_is_refused(tmp_path: Path) -> None:
    assert network_file_system("/home/studies.db", tmp_path / "none") is None


def test_this_machine_tells_of_its_own(tmp_path: Path) -> None:
    assert file_systems.MOUNTS.is_file()
    assert network_file_system("/proc/self/status") is None
    assert {"nfs", "nfs4", "cifs", "smb3", "lustre", "gpfs", "fuse.sshfs", "beegfs"} <= NETWORK


@pytest.fixture
def on_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 0 0:1 / / rw - ext4 a rw\n2 1 0:2 / {tmp_path} rw - nfs4 b rw\n")
    monkeypatch.setattr(network_file_system, "__defaults__", (mounts,))


@pytest.mark.parametrize("form", ["sqlite:///{}", "sqlite:///file:{}?uri=true"])
@pytest.mark.usefixtures("on_network")
def test_writing_there_is_refused_in_one_line(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "studies.db"
    with pytest.raises(StorageError) as caught:
        Storage(form.format(path), create=True)
    said = str(caught.value)
    assert f"{path}: is on a file system of the network (nfs4), where SQLite cannot" in said
    assert "use PostgreSQL or a path on a disk of this machine" in said
    assert f"{ALLOWED}=1)" in said
    assert "\n" not in said
    assert not path.exists()
    monkeypatch.setenv(ALLOWED, "1")
    opened = Storage(f"sqlite:///{path}", create=True)
    with opened.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
    opened.engine.dispose()


@SQLITE_ALONE
def test_reading_there_is_allowed_and_writes_nothing_beside_it(
    storage: Storage, url: str, tmp_path: Path, make_spec: SpecMaker, request: pytest.FixtureRequest
) -> None:
    storage.open_study(make_spec())
    storage.engine.dispose()
    request.getfixturevalue("on_network")
    before = sorted(tmp_path.iterdir())
    opened = Storage(url)
    assert opened.names() == ["small"]
    assert sorted(tmp_path.iterdir()) == before
    opened.engine.dispose()
