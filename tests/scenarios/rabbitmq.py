"""A RabbitMQ of a test's own: Debian's package, run on the loopback, not as a service."""

import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bridge.supervise.commands import Command
from bridge.supervise.embedded import free_port
from tests.scenarios.process import Process
from tests.scenarios.waiting import wait_for

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Not the one of the PATH: that changes to the user of the service."""

STARTS_WITHIN = 60.0
PASSWORD, ENCODED = "pass/word@of:rabbitmq", "pass%2Fword%40of%3Arabbitmq"


def installed() -> bool:
    """Tell whether Debian's package is there."""
    return SERVER.exists() and shutil.which("epmd") is not None


@contextmanager
def running_rabbitmq(directory: Path) -> Iterator[str]:
    """Run a node and its port mapper; yield the URL. Both end with the block."""
    mapper, port = free_port(), free_port()
    said = f"default_user = bridge\ndefault_pass = {PASSWORD}\n"
    directory.joinpath("rabbitmq.conf").write_text(said, encoding="utf-8")
    env = _environment(directory, mapper, port)
    epmd = Command("epmd", ("epmd", "-address", "127.0.0.1", "-port", str(mapper)), env)
    with Process(epmd, directory):
        wait_for(lambda: _listens(mapper), bool, "the port mapper listens")
        with Process(Command("rabbitmq", (str(SERVER),), env), directory) as node:
            wait_for(lambda: _listens(port), bool, "RabbitMQ listens", within=STARTS_WITHIN)
            try:
                yield f"amqp://bridge:{ENCODED}@127.0.0.1:{port}//"
            finally:
                node.kill()  # what it keeps is thrown away


def _environment(directory: Path, mapper: int, port: int) -> Mapping[str, str]:
    """Return what keeps a node to itself: its own files and ports, and the loopback."""
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
