"""WAVV's REST API over real HTTP: the one route that the bridge requests."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.support.sandbox import serving

KEY = "wavv-key-of-the-tests"
DRIPS_EVERY = 1.0
EXPIRES = "2099-01-01T00:00:00Z"


@dataclass
class WavvRest:
    """The API, and what a test sets.

    Calls in ``ready`` have a recording, with a new link for each request. If ``status`` is set,
    every response has it, with ``headers``. ``asked`` has the requested paths, ``links`` the links
    in responses. While ``drips`` is set, a response is one space per second without end.
    """

    url: str = ""
    key: str = KEY
    ready: set[str] = field(default_factory=set)
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    expires_at: str | None = EXPIRES
    requested: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    drips: bool = False

    async def recording(self, request: Request) -> Response:
        """Respond to ``GET /v3/calls/{id}/recording``."""
        self.requested.append(request.scope["raw_path"].decode())
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return JSONResponse({"error": "unauthorized"}, 401)
        if self.drips:
            return StreamingResponse(self._spaces(), media_type="application/json")
        if self.status is not None:
            return JSONResponse({"error": "as the test says"}, self.status, self.headers)
        if request.path_params["id"] not in self.ready:
            return JSONResponse({"error": "not found"}, 404)
        self.links.append(f"https://recordings.wavv.example/{len(self.links)}.mp3?signature=fresh")
        return JSONResponse({"url": self.links[-1], "expiresAt": self.expires_at})

    async def _spaces(self) -> AsyncIterator[bytes]:
        while self.drips:
            yield b" "
            await asyncio.sleep(DRIPS_EVERY)


@contextmanager
def running_wavv() -> Iterator[WavvRest]:
    """Run WAVV's API for the block."""
    rest = WavvRest()
    route = Route("/v3/calls/{id:path}/recording", rest.recording)
    with serving(Starlette(routes=[route])) as root:
        rest.url = root
        yield rest
