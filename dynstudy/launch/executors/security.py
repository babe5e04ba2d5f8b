"""Who may talk to a scheduler: addresses, and credentials for TLS."""

import ipaddress
import re
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from distributed.security import Security

from dynstudy.errors import ClusterError

SCHEMES = ("tcp", "tls")
CONFIGURED = "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, …__CLIENT__CERT and …__CLIENT__KEY"


@dataclass(frozen=True)
class Credentials:
    """Files in PEM; those that are None are Dask's own configuration's, if it has any."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    def security(self) -> Security:
        """Read them.

        Returns:
            What Dask takes.

        Raises:
            ClusterError: one is not there, or is not what it is to be.
        """
        given = {"tls_ca_file": self.ca, "tls_client_cert": self.cert, "tls_client_key": self.key}
        files = {name: str(file) for name, file in given.items() if file is not None}
        try:
            security = Security(**files)
        except (TypeError, ValueError) as error:
            raise ClusterError(f"Dask's configuration of TLS cannot be used: {error}") from None
        for name in given:
            if (named := getattr(security, name)) is not None and "\n" not in named:
                _check_readable(name, Path(named))
        return security


def secured(address: str, credentials: Credentials, *, insecure: bool) -> tuple[str, Security]:
    """Check a scheduler's address.

    Whoever can talk to a scheduler runs what he likes on its workers, as their user. So beyond
    this machine TLS is asked for, unless it is `insecure` on purpose.

    Returns:
        The whole address, and the way to talk to it.

    Raises:
        ClusterError: it is no address, has to be secured, or the credentials cannot be used.
    """
    security = credentials.security()
    whole = bool(security.tls_ca_file and security.tls_client_cert and security.tls_client_key)
    scheme, separator, rest = address.rpartition("://")
    scheme = scheme if separator else ("tls" if whole else "tcp")
    host, port = _host_and_port(address, scheme, rest)
    if scheme == "tls" and not whole:
        raise ClusterError(
            f"{address}: TLS needs --tls-ca, --tls-cert and --tls-key, or Dask's own configuration "
            f"({CONFIGURED})"
        )
    if scheme == "tcp" and (credentials != Credentials() or security.require_encryption):
        raise ClusterError(f"{address}: is not secured by TLS: begin it with tls://")
    if scheme == "tcp" and not insecure and not _is_loopback(address, host, port):
        raise ClusterError(
            f"{address}: whoever can reach that port could run code on the workers: use TLS "
            "(tls:// and --tls-ca, --tls-cert, --tls-key), an SSH tunnel to 127.0.0.1, or "
            "--insecure in a network where everyone is trusted"
        )
    if scheme == "tls":
        try:
            security.get_connection_args("client")
        except (OSError, ValueError) as error:  # of which ssl.SSLError is one
            raise ClusterError(
                f"the credentials for {address} cannot be used: {_of_ssl(error)}; needed are a "
                "certificate, its key and the authority's certificate, in PEM"
            ) from None
    return f"{scheme}://{rest}", security


def reached(address: str, seconds: float) -> None:
    """Find out at once whether anything listens at a checked address.

    Raises:
        ClusterError: nothing does.
    """
    scheme, _, rest = address.partition("://")
    host, port = _host_and_port(address, scheme, rest)
    try:
        socket.create_connection((host, port), timeout=seconds).close()
    except OSError as error:
        why = "no answer" if isinstance(error, TimeoutError) else error.strerror or str(error)
        raise ClusterError(
            f"no scheduler at {address}: {why}; `dask scheduler` starts one"
        ) from None


def _host_and_port(address: str, scheme: str, rest: str) -> tuple[str, int]:
    host, colon, port = rest.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")  # of IPv6
    valid = colon and host and port.isdecimal() and 0 < int(port) < 2**16
    if scheme not in SCHEMES or not valid or "@" in host or "/" in host:
        shown = re.sub(r"[^/]*@", "…@", address)  # there may be a password
        raise ClusterError(
            f"{shown!r} is no address of a scheduler: tcp://HOST:8786, or tls://HOST:8786"
        )
    return host, int(port)


def _is_loopback(address: str, host: str, port: int) -> bool:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise ClusterError(f"{address}: there is no machine {host!r}") from None
    return all(ipaddress.ip_address(str(to[0]).partition("%")[0]).is_loopback for *_, to in answers)


def _check_readable(name: str, file: Path) -> None:
    option = {"tls_ca_file": "ca", "tls_client_cert": "cert", "tls_client_key": "key"}[name]
    try:
        text = file.read_bytes()
    except OSError as error:
        raise ClusterError(f"{file} (--tls-{option}) cannot be read: {error.strerror}") from None
    if option == "key" and b"ENCRYPTED" in text:  # the terminal would be asked for it
        raise ClusterError(
            f"{file} (--tls-key) is locked by a password: a key without one is needed"
        )


def _of_ssl(error: Exception) -> str:
    return error.reason if isinstance(error, ssl.SSLError) and error.reason else str(error)
