"""Debian's Redis with TLS and a password, because the Valkey of the tests has no TLS."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis.exceptions import RedisError

from bridge.store.connection import connect
from bridge.supervise.commands import Command
from bridge.supervise.embedded import OPTIONS, free_port
from tests.support.certificates import AUTHORITY, SERVER, STRANGER, write_certificates
from tests.support.debian import missing
from tests.support.process import Process
from tests.support.waiting import wait_for

PASSWORD, ENCODED = "a/secret:of@redis", "a%2Fsecret%3Aof%40redis"


@dataclass(frozen=True)
class Secured:
    """The server, its authority, and an unrelated authority."""

    port: int
    authority: str
    stranger: str

    @property
    def trusted(self) -> str:
        """The URL with the right authority and the password."""
        return self.url(self.authority)

    def url(self, authority: str | None, password: str = ENCODED) -> str:
        """Return the URL with this authority, or with the system's authorities."""
        query = f"?ssl_ca_certs={authority}" if authority else ""
        return f"rediss://:{password}@127.0.0.1:{self.port}/0{query}"


@contextmanager
def running_secured() -> Iterator[Secured]:
    """Run a Redis with TLS, signed by a new authority."""
    found = shutil.which("redis-server")
    if found is None:
        missing("redis-server")
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        write_certificates(directory, "127.0.0.1")
        port = free_port()
        server = Secured(port, str(directory / AUTHORITY), str(directory / STRANGER))
        with Process(_command(found, directory, port), directory):
            wait_for(lambda: _responds(server), bool, "Redis responds over TLS")
            yield server


def _command(program: str, directory: Path, port: int) -> Command:
    pem, ca = str(directory / SERVER), str(directory / AUTHORITY)
    options = OPTIONS | {
        "port": "0",
        "tls-port": str(port),
        "tls-cert-file": pem,
        "tls-key-file": pem,
        "tls-ca-cert-file": ca,
        "tls-auth-clients": "no",
        "requirepass": PASSWORD,
        "dir": str(directory),
    }
    flat = [word for name, value in options.items() for word in (f"--{name}", value)]
    return Command("redis", (program, *flat))


def _responds(server: Secured) -> bool:
    try:
        with connect(server.trusted) as redis:
            return bool(redis.ping())
    except RedisError:
        return False
