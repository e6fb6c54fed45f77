"""Finds secrets and people in the output of processes that log at debug level."""

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from bridge.simulator.wavv.samples import SampleCall
from tests.support.stack import API_TOKEN, WAVV_SECRET, Stack

AGENT_MAIL = ("alice.smith@", "gus.ghost@")


def leaks(stack: Stack) -> list[str]:
    """Return a line for each private value in the output of a process."""
    values = {*_secrets(stack), *AGENT_MAIL}.union(*map(private, stack.calls))
    return [
        f"{stack.name}'s {name} wrote {value!r}"
        for name, process in stack.processes.items()
        for output in [process.output()]
        for value in sorted(values)
        if value in output
    ]


def _secrets(stack: Stack) -> Iterator[str]:
    yield from (WAVV_SECRET, API_TOKEN, stack.sandbox.token)
    for process in stack.processes.values():
        env = process.command.env
        yield from env.get("BRIDGE_ASKELEPHANT_WEBHOOK_SECRETS", WAVV_SECRET).split(",")
        for url in ("BRIDGE_REDIS_URL", "BRIDGE_BROKER_URL"):
            if password := urlsplit(env.get(url, "")).password:
                yield from (password, unquote(password))


def private(call: SampleCall) -> Iterator[str]:
    """Yield the private values of a call: people, numbers, and the signature of its link."""
    yield from (call.lead_name, call.lead_email, call.lead_phone, call.caller_id)
    _, _, signature = call.recording_url.partition("X-Signature=")
    if signature:
        yield signature
