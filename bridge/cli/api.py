"""A client of the bridge's HTTP API, for the commands that need a running bridge."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from bridge.errors import BridgeError

if TYPE_CHECKING:
    import httpx

OK = 200
TIMEOUT = 60.0


class NoResponseError(BridgeError):
    """The bridge's API sent no response, or another server responded. The text has the cause."""


class Api:
    """A client of the API of one web process."""

    def __init__(self, http: "httpx.Client") -> None:
        self._http = http

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        """Send a GET. Return the status and the JSON of the response. Exits with 2 as ``post``."""
        return self._request("GET", path)

    def post(self, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """Send a POST. Return the status and the JSON of the response.

        If there is no response, or if it is not JSON, print an error and exit with 2.
        """
        return self._request("POST", path, body)

    def expect(self, path: str) -> Any:  # noqa: ANN401 - a response is an object or a list
        """Send a GET. Return the JSON of the response. Exits with 2 if the status is not 200."""
        status, body = self.get(path)
        if status != OK:
            raise error_exit(status, body)
        return body

    def fetch(self, path: str) -> tuple[int, dict[str, Any]]:
        """Send a GET. Return the status and the JSON of the response.

        Raises ``NoResponseError`` if there is no response, or if it is not the bridge's.
        """
        return self._send("GET", path)

    def _request(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        try:
            return self._send(method, path, body)
        except NoResponseError as error:
            raise _fail(str(error)) from error

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        import httpx

        url = str(self._http.base_url).rstrip("/")
        try:
            response = self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise NoResponseError(f"no response from {url}: {error}") from error
        try:
            return response.status_code, response.json()
        except ValueError as error:
            raise NoResponseError(
                f"{url} is no bridge: HTTP {response.status_code}, and the body is not JSON"
            ) from error


@contextmanager
def open_api(url: str, token: str | None, *, changes: bool = False) -> Iterator[Api]:
    """Yield a client of the API at ``url``.

    The client authenticates with ``token``, else with the secret of the first token in
    ``BRIDGE_API_TOKENS``. If the command ``changes`` something, the first token with the scope
    ``operate`` is preferred.
    """
    import httpx

    headers = {b"Authorization": f"Bearer {token or _configured(changes=changes)}".encode()}
    try:
        http = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT)
    except httpx.InvalidURL as error:
        raise _fail(f"{url}: {error}") from error
    with http:
        yield Api(http)


def error_exit(status: int, body: dict[str, Any]) -> typer.Exit:
    """Print the error that the API returned. Return the exception to raise for exit code 2."""
    return _fail(f"{status}: {body.get('detail', body)}")


def _configured(*, changes: bool) -> str:
    """Return the secret of the token in ``BRIDGE_API_TOKENS`` that suits the command."""
    from config import SettingsError, load_settings

    try:
        tokens = load_settings().named_tokens
    except SettingsError as error:
        raise typer.BadParameter(str(error)) from error
    if not tokens:
        raise typer.BadParameter("give --token, or set BRIDGE_API_TOKENS")
    operating = [token for token in tokens if changes and token.scope == "operate"]
    return (operating or tokens)[0].secret.get_secret_value()


def _fail(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(2)
