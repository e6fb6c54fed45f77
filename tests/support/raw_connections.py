"""A web process alone, started as in the Procfile, and raw connections to it."""

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
from tests.support.stack import API_TOKEN, WAVV_SECRET, environment, responds
from tests.support.waiting import WITHIN, wait_for

POST = b"POST /webhooks/wavv HTTP/1.1\r\nHost: bridge\r\nContent-Type: application/json\r\n"
SERVED_WITHIN = 5.0
"""Seconds within which an event must be stored; WAVV waits for 10."""


@dataclass
class Edge:
    """A web process, a client that behaves, and connections that do not."""

    bridge: Bridge
    process: Process
    port: int

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=WITHIN)

    def send(self, *pieces: bytes) -> socket.socket:
        """Open a connection and send bytes on it."""
        connection = self.connect()
        for piece in pieces:
            connection.sendall(piece)
        return connection

    def exchange(self, sent: bytes) -> bytes:
        """Send bytes; return everything that comes back until the connection ends."""
        with self.send(sent) as connection:
            return received(connection)

    def open_many(self, size: int, sent: bytes, exits: ExitStack) -> list[socket.socket]:
        """Open many connections that all send the same bytes and then nothing."""
        return [exits.enter_context(self.send(sent)) for _ in range(size)]

    def seconds_to_serve(self) -> float:
        """Check that a valid event is stored; return the seconds that this lasted."""
        begun = time.monotonic()
        with httpx.Client(timeout=SERVED_WITHIN, trust_env=False) as another:
            self.bridge.http, kept = another, self.bridge.http
            try:
                self.bridge.deliver([unknown_event()])
            finally:
                self.bridge.http = kept
        return time.monotonic() - begun

    def megabytes(self) -> float:
        """Return the resident memory of the process in megabytes."""
        words = ("ps", "-o", "rss=", "-p", str(self.process.pid))
        output = subprocess.run(words, capture_output=True, text=True, check=True).stdout  # noqa: S603 - a pid of ours
        return int(output) / 1024


@contextmanager
def running_edge(
    name: str, redis_url: str, directory: Path, options: Sequence[str] = (), /, **changes: str
) -> Iterator[Edge]:
    """Run a web process without AskElephant; ``options`` are more arguments of uvicorn."""
    directory.joinpath("agents.csv").write_text("id,caller_id,name,email,phone\n", encoding="utf-8")
    port = free_port()
    env = environment(name, redis_url, free_port(), SandboxOptions()) | changes
    bridge = Bridge(f"http://127.0.0.1:{port}", WAVV_SECRET, API_TOKEN)
    web = commands.web(port, env)
    command = commands.Command(web.name, (*web.argv, *options), web.env)
    with Process(command, directory) as process, bridge.http:
        wait_for(lambda: responds(f"{bridge.url}/livez"), bool, "the web process is up")
        yield Edge(bridge, process, port)


def received(connection: socket.socket) -> bytes:
    """Return all bytes until the connection ends or is reset."""
    received_bytes = b""
    with suppress(ConnectionError):
        while piece := connection.recv(65536):
            received_bytes += piece
    return received_bytes


def statuses(received_bytes: bytes) -> list[int]:
    """Return the statuses of all responses in these bytes."""
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", received_bytes)]


@dataclass
class SlowSender:
    """A sender that sends one piece at a time until its connection ends."""

    connection: socket.socket
    piece: bytes
    begun: float
    received_bytes: bytes = b""
    ended_after: float | None = None

    def drip(self) -> bool:
        """Send a piece and read the response; return whether the connection has ended."""
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
            self.received_bytes += piece
            return piece != b""
        return True


@contextmanager
def files_allowed(most: int) -> Iterator[None]:
    """Allow this process to open at least so many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
