"""Lists the commands of all processes of the bridge, for ``bridge up`` and the demo."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import StartError
from bridge.supervise import commands
from bridge.supervise.commands import Command
from bridge.supervise.embedded import embedded_valkey
from config import Settings
from config.broker import lease_time

BREATH = 10.0


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of the web process and of Flower; ``flower`` is ``None`` if it is not wanted."""

    web: int
    flower: int | None = None


class PortInUseError(StartError):
    """Another process listens on the port, or this process may not listen on it."""


@contextmanager
def stack(
    settings: Settings, ports: Ports, data: Path, env: Mapping[str, str]
) -> Iterator[list[Command]]:
    """Yield the commands of the bridge's processes, in the order in which they are to be stopped.

    Without ``BRIDGE_REDIS_URL`` the last process is an embedded Valkey on the directory ``data``.
    Raises ``PortInUseError`` if a port is in use, and the errors of ``embedded_valkey``.
    """
    _require_free(ports.web, "--port")
    if ports.flower is not None:
        _require_free(ports.flower, "--flower-port")
    if settings.redis_url is not None:
        yield _bridge(settings, ports, env)
        return
    with embedded_valkey(data) as (url, valkey):
        yield [*_bridge(settings, ports, {**env, "BRIDGE_REDIS_URL": url}), valkey]


def _bridge(settings: Settings, ports: Ports, env: Mapping[str, str]) -> list[Command]:
    grace = lease_time(settings).total_seconds() + BREATH
    listed = [commands.web(ports.web, env), commands.beat(env)]
    if ports.flower is not None:
        listed.append(commands.flower(ports.flower, env))
    return [*listed, commands.worker(env, grace)]


def _require_free(port: int, option: str) -> None:
    """Raise ``PortInUseError`` if the port is in use or may not be used."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise PortInUseError(f"port {port}: {reason}. Choose another with {option}") from error
