"""The outbound client uses the proxies and authorities of the environment."""

import socket
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.outbound.client import NoResponse, Undelivered
from tests.support.certificates import AUTHORITY, SERVER, STRANGER, write_certificates
from tests.support.outbound_client import (
    GET,
    WHOLE,
    api_client,
    bodies,
    replies,
    respond,
    talking,
)


@dataclass(frozen=True)
class Certified:
    """A directory with a server's certificate, its authority, and another authority."""

    directory: Path

    def serve(self, connection: socket.socket, over: threading.Event) -> None:
        """Respond over TLS."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.directory / SERVER)
        with context.wrap_socket(connection, server_side=True) as secured:
            respond(secured, over)

    def tunnel(self, connection: socket.socket, over: threading.Event) -> None:
        """Act as a proxy, and as the server behind it."""
        assert connection.recv(65536).startswith(b"CONNECT elephant.test:443 HTTP/1.1\r\n")
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.serve(connection, over)

    def trust(self, monkeypatch: pytest.MonkeyPatch, name: str | None) -> None:
        """Set the trusted authority in the environment."""
        monkeypatch.delenv("SSL_CERT_DIR", raising=False)
        if name is None:
            monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        else:
            monkeypatch.setenv("SSL_CERT_FILE", str(self.directory / name))


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    """Give certificates for 127.0.0.1."""
    directory = tmp_path_factory.mktemp("certificates")
    write_certificates(directory, "127.0.0.1")
    return Certified(directory)


def test_the_authority_of_the_environment_is_trusted(
    certified: Certified, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The authority in ``SSL_CERT_FILE`` is trusted on every connection."""
    certified.trust(monkeypatch, AUTHORITY)
    with (
        talking(*[certified.serve] * 2) as port,
        api_client(f"https://127.0.0.1:{port}") as client,
    ):
        assert bodies(client, GET, GET) == [b"{}", b"{}"]


@pytest.mark.parametrize(
    ("authority", "host"),
    [(STRANGER, "127.0.0.1"), (None, "127.0.0.1"), (AUTHORITY, "localhost")],
    ids=["another authority", "an unknown authority", "another name"],
)
def test_a_server_that_is_not_trusted_gets_no_request(
    certified: Certified, authority: str | None, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server with an untrusted certificate gets no request, and so no key."""
    certified.trust(monkeypatch, authority)
    with talking(certified.serve) as port, api_client(f"https://{host}:{port}") as client:
        (reply,) = replies(client, GET)
    assert isinstance(reply, Undelivered)
    assert reply.why is NoResponse.UNREACHABLE
    assert "CERTIFICATE_VERIFY_FAILED" in reply.detail


def test_https_goes_through_the_proxy_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS requests use the proxy, and verify the name of the server behind it."""
    write_certificates(tmp_path, "elephant.test")
    certified = Certified(tmp_path)
    certified.trust(monkeypatch, AUTHORITY)
    with talking(*[certified.tunnel] * 2) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        with api_client("https://elephant.test") as client:
            assert bodies(client, GET, GET) == [b"{}", b"{}"]


def test_http_goes_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP requests use the proxy, which gets the whole URL."""
    heads: list[bytes] = []

    def forward(connection: socket.socket, _: threading.Event) -> None:
        heads.append(connection.recv(65536))
        connection.sendall(WHOLE)

    with talking(forward) as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        with api_client("http://elephant.test/api") as client:
            assert bodies(client, GET) == [b"{}"]
    assert heads[0].startswith(b"GET http://elephant.test/api/v2 HTTP/1.1\r\n")


def test_a_host_without_a_proxy_is_reached_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host in ``NO_PROXY`` is connected to directly."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with talking(respond) as port, api_client(f"http://127.0.0.1:{port}") as client:
        assert bodies(client, GET) == [b"{}"]


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [("HTTPS_PROXY", "ftp://127.0.0.1", ValueError), ("SSL_CERT_FILE", "none.pem", OSError)],
)
def test_a_wrong_variable_of_the_environment_raises_at_the_start(
    name: str, value: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad variable of the environment raises when the client is made, not at a request."""
    monkeypatch.setenv(name, value)
    with pytest.raises(error):
        api_client("https://elephant.test")
