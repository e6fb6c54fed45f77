"""Redis over TLS with a password, as the store and as the broker."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from redis.exceptions import RedisError

from bridge.store.connection import connect, connect_async
from tests.support.broker_connection import refusal
from tests.support.redis_tls import Secured, running_secured


@pytest.fixture(scope="module")
def secured() -> Iterator[Secured]:
    """Run the server for this module."""
    with running_secured() as server:
        yield server


def _connects(url: str) -> bool:
    """Return whether the store's asynchronous client connects."""
    try:
        with connect(url) as redis:
            return bool(redis.ping())
    except RedisError:
        return False


def _ingress_connects(url: str) -> bool:
    async def connects() -> bool:
        try:
            async with connect_async(url) as redis:
                return bool(await redis.ping())
        except RedisError:
            await asyncio.sleep(0.1)  # the event loop closes TLS after some turns
            return False

    return asyncio.run(connects())


def _reaches_the_broker(url: str) -> bool:
    return not refusal(redis_url=url)


Client = Callable[[str], bool]
CLIENTS: list[Client] = [_connects, _ingress_connects, _reaches_the_broker]


@pytest.mark.parametrize("gets_through", CLIENTS)
def test_a_server_of_the_named_authority_is_trusted(gets_through: Client, secured: Secured) -> None:
    """A server whose authority is in ``ssl_ca_certs`` of the URL is trusted."""
    assert gets_through(secured.trusted)


@pytest.mark.parametrize("gets_through", CLIENTS)
@pytest.mark.parametrize("trusted", ["stranger", None], ids=["another", "the system's"])
def test_a_server_of_another_authority_is_not(
    gets_through: Client, trusted: str | None, secured: Secured
) -> None:
    """A server of another authority is not connected to."""
    assert not gets_through(secured.url(secured.stranger if trusted else None))


@pytest.mark.parametrize("gets_through", CLIENTS)
def test_a_wrong_password_gets_nowhere(gets_through: Client, secured: Secured) -> None:
    """A wrong password is a connection error."""
    assert not gets_through(secured.url(secured.authority, "wrong"))
