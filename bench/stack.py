"""Runs a peer: its web process, its workers, its Valkey and its stub of AskElephant."""

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
"""The arguments in the command of the bridge's web process that a peer replaces."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One peer. ``web`` is its application for uvicorn, ``workers`` the commands of its workers."""

    name: str
    web: str
    connection: str = "httptools"
    python: Path = Path(sys.executable)
    workers: tuple[tuple[str, ...], ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    def web_argv(self, port: int) -> list[str]:
        """Return the bridge's command for the web process, with this peer's arguments replaced."""
        replaced = {WEB: self.web, CONNECTION: self.connection, sys.executable: str(self.python)}
        return [replaced.get(argument, argument) for argument in commands.web(port, {}).argv]


@dataclass(frozen=True, slots=True)
class Stack:
    """A running peer."""

    peer: Peer
    port: int
    valkey: Valkey
    elephant: Elephant
    web: Process
    workers: tuple[Process, ...]

    def usage(self) -> Usage:
        """Return the usage of the peer: web process, workers, their children, and its Valkey."""
        ours = (self.web, *self.workers, self.valkey.process)
        return usage({process.session for process in ours})

    def workers_usage(self) -> Usage:
        """Return the usage of the workers alone."""
        return usage({process.session for process in self.workers})


@contextmanager
def running(
    peer: Peer, directory: Path, *, is_durable: bool = True, waits: Waits = USUAL
) -> Iterator[Stack]:
    """Run all processes of a peer; yield it when its web process responds.

    ``waits`` are the seconds until AskElephant responds.
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
