"""A way to a PostgreSQL server that cuts the connection at a commit."""

import socket
import threading
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import make_url


class Proxy:
    """Passes on what clients and the server say; `url` is the server's by this way.

    At the commits `cut_at`, counted from 1 on, the connection ends: before the server gets it or,
    with `answer_lost`, when it is done and the client does not know.
    """

    def __init__(self, url: str) -> None:
        self._server = make_url(url)
        self._listening = socket.create_server(("127.0.0.1", 0))
        port = self._listening.getsockname()[1]
        through = self._server.set(host="127.0.0.1", port=port)
        self.url = through.render_as_string(hide_password=False)
        self.commits, self.answer_lost = 0, False
        self.cut_at: Container[int] = ()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def lead_to(self, url: str) -> None:
        """Lead to another server or database, whose name is in `url` from now on."""
        self._server = make_url(url)
        ours = make_url(self.url).set(database=self._server.database)
        self.url = ours.render_as_string(hide_password=False)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                address = self._server.host or "127.0.0.1", self._server.port or 5432
                server = socket.create_connection(address)
                both = client, server
                lost = threading.Event()
                for function in (self._forth, self._back):
                    threading.Thread(target=function, args=(*both, lost), daemon=True).start()

    def _forth(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        with _closing(client, server):
            while data := client.recv(65536):
                if b"COMMIT" in data and self._cuts():
                    if not self.answer_lost:
                        return
                    lost.set()
                server.sendall(data)

    def _back(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        with _closing(client, server):
            while (data := server.recv(65536)) and not lost.is_set():
                client.sendall(data)

    def _cuts(self) -> bool:
        with self._lock:
            self.commits += 1
            return self.commits in self.cut_at

    def close(self) -> None:
        """Let nobody in any more."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@contextmanager
def _closing(*sockets: socket.socket) -> Iterator[None]:
    try:
        with suppress(OSError):
            yield
    finally:
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@contextmanager
def proxy(url: str) -> Iterator[Proxy]:
    """A way to the database of a URL that is there until the end."""
    made = Proxy(url)
    try:
        yield made
    finally:
        made.close()
