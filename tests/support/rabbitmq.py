"""A RabbitMQ node of the tests' own: Debian's package on the loopback, not the service."""

import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bridge.supervise.commands import Command
from bridge.supervise.embedded import free_port
from tests.support.certificates import AUTHORITY, SERVER, write_certificates
from tests.support.process import Process
from tests.support.waiting import wait_for

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""The server itself: the program on the PATH changes to the user of the service."""

PASSWORD, ENCODED = "pass/word@of:rabbitmq", "pass%2Fword%40of%3Arabbitmq"


@dataclass(frozen=True)
class RabbitMQ:
    """A node: its ports without and with TLS, and the authority of its certificate."""

    port: int
    tls_port: int
    authority: Path

    @property
    def url(self) -> str:
        """The URL without TLS."""
        return f"amqp://bridge:{ENCODED}@127.0.0.1:{self.port}//"

    def tls_url(self, host: str) -> str:
        """Return the URL with TLS; the certificate is only for ``localhost``."""
        return f"amqps://bridge:{ENCODED}@{host}:{self.tls_port}//"


def installed() -> bool:
    """Return whether Debian's package is installed."""
    return PROGRAM.exists() and shutil.which("epmd") is not None


@contextmanager
def running_rabbitmq(directory: Path) -> Iterator[RabbitMQ]:
    """Run a node and its port mapper for the block."""
    mapper, rabbit = free_port(), RabbitMQ(free_port(), free_port(), directory / AUTHORITY)
    write_certificates(directory, "localhost")
    _configure(directory, rabbit.tls_port)
    env = _environment(directory, mapper, rabbit.port)
    epmd = Command("epmd", ("epmd", "-address", "127.0.0.1", "-port", str(mapper)), env)
    with Process(epmd, directory):
        wait_for(lambda: _listens(mapper), bool, "the port mapper listens")
        with Process(Command("rabbitmq", (str(PROGRAM),), env), directory) as node:
            ports = rabbit.port, rabbit.tls_port
            wait_for(lambda: map(_listens, ports), all, "RabbitMQ listens")
            try:
                yield rabbit
            finally:
                node.kill()  # what it keeps is thrown away


def _configure(directory: Path, tls_port: int) -> None:
    settings = {
        "default_user": "bridge",
        "default_pass": PASSWORD,
        "listeners.ssl.1": f"127.0.0.1:{tls_port}",
        "ssl_options.cacertfile": directory / AUTHORITY,
        "ssl_options.certfile": directory / SERVER,
        "ssl_options.keyfile": directory / SERVER,
        "ssl_options.verify": "verify_none",  # of those who connect, who have no certificates
    }
    lines = [f"{name} = {value}\n" for name, value in settings.items()]
    directory.joinpath("rabbitmq.conf").write_text("".join(lines), encoding="utf-8")


def _environment(directory: Path, mapper: int, port: int) -> Mapping[str, str]:
    """Return the variables that give a node its own files and ports on the loopback."""
    return {
        "HOME": str(directory),  # of the cookie
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(mapper),
        "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq.conf"),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "plugins"),
        "RABBITMQ_LOG_BASE": str(directory / "log"),
        "RABBITMQ_MNESIA_BASE": str(directory / "mnesia"),
        "RABBITMQ_NODENAME": f"bridge-{os.getpid()}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_PID_FILE": str(directory / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
    }


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
