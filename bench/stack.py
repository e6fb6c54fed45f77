"""Runs an implementation (a peer): web process, workers, Valkey and stub of AskElephant."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bench.elephant import USUAL, Elephant, Waits, elephant
from bench.process import Process
from bench.settings import environment
from bench.usage import Usage, usage
from bench.valkey import Valkey, valkey
from bridge.supervise import commands
from bridge.supervise.embedded import free_port

WEB, CONNECTION = "bridge.web:create_app", "bridge.asgi.connection:Connection"
"""The arguments of the bridge's web command that other implementations replace."""


@dataclass(frozen=True, slots=True)
class Peer:
    """An implementation that the benchmark compares.

    ``web`` is its application for uvicorn. ``workers`` are the commands of its worker processes.
    """

    name: str
    web: str
    connection: str = "httptools"
    python: Path = Path(sys.executable)
    workers: tuple[tuple[str, ...], ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    def web_argv(self, port: int) -> list[str]:
        """Return the command of the web process: the bridge's, with this peer's application."""
        replaced = {WEB: self.web, CONNECTION: self.connection, sys.executable: str(self.python)}
        return [replaced.get(argument, argument) for argument in commands.web(port, {}).argv]


@dataclass(frozen=True, slots=True)
class Stack:
    """A running implementation, with its Valkey and its stub of AskElephant."""

    peer: Peer
    port: int
    valkey: Valkey
    elephant: Elephant
    web: Process
    workers: tuple[Process, ...]

    def usage(self) -> Usage:
        """Return the CPU and memory of web process, workers, their children, and Valkey."""
        ours = (self.web, *self.workers, self.valkey.process)
        return usage({process.session for process in ours})

    def workers_usage(self) -> Usage:
        """Return the CPU and memory of the workers alone."""
        return usage({process.session for process in self.workers})


@contextmanager
def running(
    peer: Peer, directory: Path, *, is_durable: bool = True, waits: Waits = USUAL
) -> Iterator[Stack]:
    """Run all processes of an implementation. Yield when the web process responds.

    ``waits`` are the seconds until the stub of AskElephant responds.
    """
    web_port, stub_port = free_port(), free_port()
    with ExitStack() as exits:
        store = exits.enter_context(valkey(directory, peer.name, is_durable=is_durable))
        stub = exits.enter_context(elephant(directory, peer.name, stub_port, web_port, waits))
        env = environment(store.url, stub_port) | dict(peer.env)
        web = Process(f"{peer.name}-web", peer.web_argv(web_port), env, directory)
        exits.enter_context(web)
        workers = tuple(
            exits.enter_context(Process(f"{peer.name}-{number}", argv, env, directory))
            for number, argv in enumerate(peer.workers)
        )
        web.wait_until(lambda: _serves(web_port))
        yield Stack(peer, web_port, store, stub, web, workers)


def _serves(port: int) -> bool:
    try:
        httpx.get(f"http://127.0.0.1:{port}/", timeout=2, trust_env=False)
    except httpx.TransportError:
        return False
    return True
