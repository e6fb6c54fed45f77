"""The bridge's own API, as the commands speak to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import httpx

TIMEOUT = 60.0


class Api:
    """One web process, as a command asks it."""

    def __init__(self, http: "httpx.Client") -> None:
        self._http = http

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        """Return status and JSON of the response, as ``post`` does."""
        return self._request("GET", path)

    def post(self, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """Return status and JSON of the response. Ends the command (2) if none comes."""
        return self._request("POST", path, body)

    def _request(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        import httpx

        url = str(self._http.base_url).rstrip("/")
        try:
            response = self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise _end(f"no answer from {url}: {error}") from error
        try:
            return response.status_code, response.json()
        except ValueError as error:
            raise _end(f"{url} is no bridge: {response.status_code}, not JSON") from error


@contextmanager
def asking(url: str, token: str | None) -> Iterator[Api]:
    """Yield the API at ``url``, asked with ``token`` or else the first of the settings."""
    import httpx

    headers = {b"Authorization": f"Bearer {token or _configured_token()}".encode()}
    try:
        http = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT)
    except httpx.InvalidURL as error:
        raise _end(f"{url}: {error}") from error
    with http:
        yield Api(http)


def refused(status: int, told: dict[str, Any]) -> typer.Exit:
    """Tell of a refusal in the API's own words; return what ends the command with 2."""
    return _end(f"{status}: {told.get('detail', told)}")


def _end(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(2)


def _configured_token() -> str:
    from config import SettingsError, load_settings

    try:
        known = load_settings().api_tokens
    except SettingsError as error:
        raise typer.BadParameter(str(error)) from error
    if not known:
        raise typer.BadParameter("give --token, or set BRIDGE_API_TOKENS")
    return known[0].get_secret_value()
