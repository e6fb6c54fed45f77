"""A web process alone, as the Procfile starts it, and raw connections to it."""

import re
import resource
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from bridge.simulator.askelephant import SandboxOptions
from bridge.supervise import commands
from bridge.supervise.embedded import free_port
from tests.support.bridge_client import Bridge, unknown_event
from tests.support.process import Process
from tests.support.stack import API_TOKEN, WAVV_SECRET, answers, environment
from tests.support.waiting import WITHIN, wait_for

POST = b"POST /webhooks/wavv HTTP/1.1\r\nHost: bridge\r\nContent-Type: application/json\r\n"
SERVED_WITHIN = 5.0
"""Seconds. WAVV waits for 10, and slow senders keep their places for as long."""


@dataclass
class Edge:
    """The process, a sender who behaves, and the means to be one who does not."""

    bridge: Bridge
    process: Process
    port: int

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=WITHIN)

    def say(self, *pieces: bytes) -> socket.socket:
        """Open a connection and say something on it."""
        connection = self.connect()
        for piece in pieces:
            connection.sendall(piece)
        return connection

    def asks(self, said: bytes) -> bytes:
        """Say something, and return all that is answered until the connection ends."""
        with self.say(said) as connection:
            return heard(connection)

    def crowd(self, size: int, said: bytes, exits: ExitStack) -> list[socket.socket]:
        """Open many connections that all say the same and then nothing."""
        return [exits.enter_context(self.say(said)) for _ in range(size)]

    def serves_others(self) -> float:
        """Check that an honest event is stored meanwhile; return the seconds it took."""
        begun = time.monotonic()
        with httpx.Client(timeout=SERVED_WITHIN, trust_env=False) as another:
            self.bridge.http, kept = another, self.bridge.http
            try:
                self.bridge.deliver([unknown_event()])
            finally:
                self.bridge.http = kept
        return time.monotonic() - begun

    def megabytes(self) -> float:
        """Return the memory of the process."""
        words = ("ps", "-o", "rss=", "-p", str(self.process.pid))
        told = subprocess.run(words, capture_output=True, text=True, check=True).stdout  # noqa: S603 - a pid of ours
        return int(told) / 1024


@contextmanager
def running_edge(
    name: str, redis_url: str, directory: Path, options: Sequence[str] = (), /, **changes: str
) -> Iterator[Edge]:
    """Run a web process whose AskElephant is nowhere; ``options`` are more of uvicorn's."""
    directory.joinpath("agents.csv").write_text("id,caller_id,name,email,phone\n", encoding="utf-8")
    port = free_port()
    env = environment(name, redis_url, free_port(), SandboxOptions()) | changes
    bridge = Bridge(f"http://127.0.0.1:{port}", WAVV_SECRET, API_TOKEN)
    web = commands.web(port, env)
    command = commands.Command(web.name, (*web.argv, *options), web.env)
    with Process(command, directory) as process, bridge.http:
        wait_for(lambda: answers(f"{bridge.url}/livez"), bool, "the web process is up")
        yield Edge(bridge, process, port)


def heard(connection: socket.socket) -> bytes:
    """Return all that comes until the connection ends, in whatever way."""
    said = b""
    with suppress(ConnectionError):
        while piece := connection.recv(65536):
            said += piece
    return said


def statuses(said: bytes) -> list[int]:
    """Return the statuses of the answers in what was heard."""
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]


@dataclass
class SlowSender:
    """A sender that says a piece now and then, for as long as it is let."""

    connection: socket.socket
    piece: bytes
    begun: float
    heard: bytes = b""
    ended_after: float | None = None

    def drip(self) -> bool:
        """Say a piece, and note what is answered; return whether the connection has ended."""
        self.connection.settimeout(0)
        try:
            if self._hears():
                self.connection.sendall(self.piece)
                return False
        except BlockingIOError:
            return False
        except OSError:
            pass  # ended by a reset
        self.ended_after = self.ended_after or time.monotonic() - self.begun
        return True

    def _hears(self) -> bool:
        """Return whether the connection is still open."""
        with suppress(BlockingIOError):
            piece = self.connection.recv(65536)
            self.heard += piece
            return piece != b""
        return True


@contextmanager
def files_allowed(most: int) -> Iterator[None]:
    """Let this process open so many files at least."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
