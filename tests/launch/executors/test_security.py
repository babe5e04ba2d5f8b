"""Addresses of schedulers, and what TLS needs."""

from pathlib import Path

import dask
import pytest

from dynstudy.errors import ClusterError
from dynstudy.launch.executors.security import Credentials, reached, secured
from tests.launch.executors.clusters import stranger

NONE = Credentials()


@pytest.fixture
def files(tmp_path: Path) -> Credentials:
    """A certificate that signs itself, as an authority's and as one's."""
    return Credentials(*stranger(tmp_path).values())


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "tcp://localhost:1", "tcp://[::1]:9"])
def test_loopback_needs_no_tls(address: str) -> None:
    assert secured(address, NONE, insecure=False)[0] == address


def test_beyond_this_machine_tls_is_asked_for() -> None:
    address = "tcp://192.0.2.1:8786"
    with pytest.raises(ClusterError, match=r"192\.0\.2\.1:8786: whoever can reach .*--insecure"):
        secured(address, NONE, insecure=False)
    assert secured(address, NONE, insecure=True)[0] == address


@pytest.mark.parametrize(
    "address",
    [
        *("", "host", "tcp://host", "tcp://:8786", "tcp://host:port", "tcp://host:0"),
        *("tcp://host:65536", "http://host:80", "inproc://host:1", "tcp://host:80/path"),
    ],
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(ClusterError, match="is no address of a scheduler: tcp://HOST:8786"):
        secured(address, NONE, insecure=True)


def test_a_password_in_an_address_is_not_shown() -> None:
    with pytest.raises(ClusterError, match=r"'tcp://…@host:1' is no address") as raised:
        secured("tcp://me:secret@host:1", NONE, insecure=True)
    assert "secret" not in str(raised.value)


def test_a_machine_that_there_is_not() -> None:
    with pytest.raises(ClusterError, match=r"there is no machine 'nowhere\.invalid'"):
        secured("tcp://nowhere.invalid:8786", NONE, insecure=False)


def test_tls_needs_credentials(files: Credentials) -> None:
    with pytest.raises(ClusterError, match="TLS needs --tls-ca, --tls-cert and --tls-key"):
        secured("tls://host:1", NONE, insecure=True)
    with pytest.raises(ClusterError, match="TLS needs --tls-ca, --tls-cert and --tls-key"):
        secured("tls://host:1", Credentials(files.ca, files.cert), insecure=False)
    address, security = secured("tls://host:1", files, insecure=False)
    assert (address, security.tls_client_key) == ("tls://host:1", str(files.key))


def test_credentials_make_an_address_without_a_scheme_one_of_tls(files: Credentials) -> None:
    assert secured("host:1", files, insecure=False)[0] == "tls://host:1"
    assert secured("127.0.0.1:1", NONE, insecure=False)[0] == "tcp://127.0.0.1:1"


def test_credentials_are_of_no_use_without_tls(files: Credentials) -> None:
    with pytest.raises(ClusterError, match="begin it with tls://"):
        secured("tcp://127.0.0.1:1", files, insecure=True)


def test_configured_credentials_need_not_be_given(files: Credentials) -> None:
    tls = {"ca-file": files.ca, "client.cert": files.cert, "client.key": files.key}
    with dask.config.set({f"distributed.comm.tls.{name}": str(tls[name]) for name in tls}):
        assert secured("host:1", NONE, insecure=False)[0] == "tls://host:1"


def test_a_file_that_is_not_there(files: Credentials, tmp_path: Path) -> None:
    gone = Credentials(files.ca, files.cert, tmp_path / "gone.pem")
    with pytest.raises(ClusterError, match=r"gone\.pem \(--tls-key\) cannot be read: No such file"):
        secured("tls://host:1", gone, insecure=False)


def test_files_that_are_something_else(files: Credentials, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_text("nothing")
    for wrong in (
        Credentials(other, files.cert, files.key),
        Credentials(files.ca, other, files.key),
        Credentials(files.ca, files.cert, other),
        Credentials(files.ca, files.key, files.cert),
    ):
        with pytest.raises(ClusterError, match="the credentials for tls://host:1 cannot be used"):
            secured("tls://host:1", wrong, insecure=False)


def test_a_key_with_a_password_is_not_asked_for_at_the_terminal(
    files: Credentials, tmp_path: Path
) -> None:
    locked = tmp_path / "locked.pem"
    locked.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    with pytest.raises(ClusterError, match="is locked by a password"):
        secured("tls://host:1", Credentials(files.ca, files.cert, locked), insecure=False)


def test_nothing_listens() -> None:
    with pytest.raises(ClusterError, match=r"no scheduler at tcp://127\.0\.0\.1:9: Connection ref"):
        reached("tcp://127.0.0.1:9", 1)
