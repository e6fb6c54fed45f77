"""Redis over TLS with a password: for the store and for the broker, and with nobody else."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from bridge.broker import BridgeCelery
from bridge.store.connection import connect, connect_async
from bridge.supervise.commands import Command
from bridge.supervise.embedded import free_port
from config import Settings
from config.broker import broker_options
from tests.contract.valkey import until
from tests.scenarios.process import Process

SERVER = shutil.which("redis-server")
"""Debian's has TLS; the Valkey of the tests is built without."""

pytestmark = pytest.mark.skipif(
    SERVER is None, reason="no Redis with TLS: apt-get install --no-install-recommends redis-server"
)
PASSWORD = "a%2Fsecret"


@dataclass(frozen=True)
class Secured:
    """A server that speaks TLS only, and asks for a password."""

    port: int
    authority: str
    stranger: str

    def url(self, authority: str | None, password: str = PASSWORD) -> str:
        """Return the URL for one who trusts ``authority``, or what the system trusts."""
        said = f"?ssl_ca_certs={authority}" if authority else ""
        return f"rediss://:{password}@127.0.0.1:{self.port}/0{said}"


@pytest.fixture(scope="module")
def secured() -> Iterator[Secured]:
    """Run a Redis with a certificate of an authority of its own; make up another authority."""
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        authority, port = trustme.CA(), free_port()
        authority.cert_pem.write_to_path(directory / "ca.pem")
        trustme.CA().cert_pem.write_to_path(directory / "stranger.pem")
        certificate = authority.issue_cert("127.0.0.1")
        certificate.private_key_and_cert_chain_pem.write_to_path(directory / "server.pem")
        server = Secured(port, str(directory / "ca.pem"), str(directory / "stranger.pem"))
        with Process(_command(directory, port), directory):
            until(lambda: _answers(server.url(server.authority)))
            yield server


def _command(directory: Path, port: int) -> Command:
    pem, ca = str(directory / "server.pem"), str(directory / "ca.pem")
    options = {
        "bind": "127.0.0.1",
        "port": "0",
        "tls-port": str(port),
        "tls-cert-file": pem,
        "tls-key-file": pem,
        "tls-ca-cert-file": ca,
        "tls-auth-clients": "no",
        "requirepass": "a/secret",
        "save": "",
        "dir": str(directory),
    }
    flat = [word for name, value in options.items() for word in (f"--{name}", value)]
    return Command("redis", (str(SERVER), *flat))


def _answers(url: str) -> bool:
    """Tell whether the store's client for tasks gets through."""
    try:
        with connect(url) as redis:
            return bool(redis.ping())
    except RedisError:
        return False


def _answers_the_ingress(url: str) -> bool:
    async def ask() -> bool:
        try:
            async with connect_async(url) as redis:
                return bool(await redis.ping())
        except RedisError:
            await asyncio.sleep(0.1)  # TLS takes the loop some turns to close
            return False

    return asyncio.run(ask())


def _reaches_the_broker(url: str) -> bool:
    """Tell whether Celery gets through. No publishing: kombu shares its pools, whatever the CA."""
    settings = Settings.model_construct(redis_url=url, namespace="tls")
    with BridgeCelery("tls", set_as_current=False) as app:
        app.conf.update(broker_options(settings))
        with app.connection_for_write() as connection:
            try:
                return bool(connection.ensure_connection(max_retries=1).channel())
            except OperationalError:
                return False


Client = Callable[[str], bool]
CLIENTS: list[Client] = [_answers, _answers_the_ingress, _reaches_the_broker]


@pytest.mark.parametrize("gets_through", CLIENTS)
def test_a_server_of_the_named_authority_is_trusted(gets_through: Client, secured: Secured) -> None:
    """`ssl_ca_certs` in the URL names it; the password is the URL's, too."""
    assert gets_through(secured.url(secured.authority))


@pytest.mark.parametrize("gets_through", CLIENTS)
@pytest.mark.parametrize("trusted", ["stranger", None], ids=["another", "the system's"])
def test_a_server_of_another_authority_is_not(
    gets_through: Client, trusted: str | None, secured: Secured
) -> None:
    """Whoever answers in its place gets neither the password nor a call."""
    assert not gets_through(secured.url(secured.stranger if trusted else None))


@pytest.mark.parametrize("gets_through", CLIENTS)
def test_a_wrong_password_gets_nowhere(gets_through: Client, secured: Secured) -> None:
    """An error to tell of, not one to end a process."""
    assert not gets_through(secured.url(secured.authority, "wrong"))
