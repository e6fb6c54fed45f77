"""The lines that a process writes."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import closing

LONGEST_LINE = 1024 * 1024


async def read_lines(descriptor: int, longest: int = LONGEST_LINE) -> AsyncIterator[str]:
    """Yield the lines that come out of a pipe, and close it at its end.

    A line of more than ``longest`` bytes comes in pieces; bytes that are not UTF-8 are replaced.
    """
    stream = asyncio.StreamReader(limit=longest)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(descriptor, "rb", buffering=0)
    )
    with closing(transport):
        while line := await _next_line(stream):
            yield line.decode(errors="replace").removesuffix("\n")


async def _next_line(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.readuntil()
    except asyncio.LimitOverrunError as error:
        return await stream.readexactly(error.consumed)
    except asyncio.IncompleteReadError as error:
        return error.partial
