"""``bridge send``: sends WAVV's events of made-up calls, or captured webhook requests."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from bridge.simulator.wavv.delivery import Auth
    from bridge.simulator.wavv.samples import SampleCall

SHOWN = 20
"""The most calls whose ids are printed."""


def send(
    url: Annotated[str, typer.Option(help="Base URL of the bridge.")] = "http://127.0.0.1:8000",
    secret: Annotated[
        str | None, typer.Option(help="WAVV's secret. Default: the first of BRIDGE_WAVV_SECRETS.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="How many calls to make up.")] = 1,
    channel: Annotated[
        Literal["v3", "sdk", "crm"],
        typer.Option(help="v3 webhook (signed), SDK events through a CRM, or a CRM workflow."),
    ] = "v3",
    behaviour: Annotated[
        str,
        typer.Option(
            help="The sandbox's behaviours for the calls: own-403, html-404.2+late-insights."
        ),
    ] = "",
    unrecorded: Annotated[bool, typer.Option("--unrecorded", help="Calls without a recording.")] = (
        False
    ),
    seed: Annotated[
        int | None, typer.Option(help="Seed of the calls; the same seed makes the same calls.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Send the deliveries of this JSONL file, byte for byte.")
    ] = None,
    resign: Annotated[
        bool,
        typer.Option(
            "--resign", help="Sign the captured deliveries again: old signatures are refused."
        ),
    ] = False,
) -> None:
    """Send WAVV's events of made-up calls to the bridge, or captured webhook requests again."""
    import httpx

    from bridge.errors import CaptureError
    from bridge.simulator.wavv.capture import read_capture
    from bridge.simulator.wavv.channels import deliveries as call_deliveries
    from bridge.simulator.wavv.delivery import unchanged
    from bridge.simulator.wavv.sender import send as send_deliveries

    auth = unchanged if replay and not resign else _auth(channel, secret)
    calls: list[SampleCall] = []
    if replay is None:
        calls = _made_up(count, behaviour, seed)
        deliveries = [
            delivery
            for call in calls
            for delivery in call_deliveries(call, channel, recorded=not unrecorded)
        ]
    else:
        try:
            deliveries = list(read_capture(replay))
        except (CaptureError, OSError) as error:
            raise typer.BadParameter(f"{replay}: {error}") from error
    with httpx.Client(timeout=30) as client:
        outcomes = send_deliveries(deliveries, url, auth, client)
    for outcome in outcomes:
        if not outcome.is_accepted:
            typer.echo(f"{outcome.status or 'no response'}: {outcome.detail}", err=True)
    accepted = sum(outcome.is_accepted for outcome in outcomes)
    if accepted:
        for call in calls[:SHOWN]:
            typer.echo(f"bridge why {call.call_id}")
        if len(calls) > SHOWN:
            typer.echo(f"... and {len(calls) - SHOWN} more calls")
    typer.echo(f"{accepted} of {len(outcomes)} events accepted")
    raise typer.Exit(0 if accepted == len(outcomes) else 1)


def _auth(channel: str, secret: str | None) -> "Auth":
    import time

    from bridge.simulator.wavv.delivery import by_shared_secret, by_signature
    from config import SettingsError, load_settings

    if secret is None:
        try:
            known = load_settings().wavv_secrets
        except SettingsError as error:
            raise typer.BadParameter(str(error)) from error
        if not known:
            raise typer.BadParameter("give --secret, or set BRIDGE_WAVV_SECRETS")
        secret = known[0].get_secret_value()
    return by_signature(secret, time.time) if channel == "v3" else by_shared_secret(secret)


def _made_up(count: int, behaviour: str, seed: int | None) -> "list[SampleCall]":
    """Create made-up calls that ended minutes ago.

    Raises ``BadParameter`` if ``behaviour`` is not a behaviour of the sandbox.
    """
    from datetime import UTC, datetime, timedelta
    from random import Random

    from bridge.simulator.askelephant.behaviours import BEHAVIOURS, check_behaviours
    from bridge.simulator.wavv.samples import sample_call

    try:
        check_behaviours(behaviour)
    except ValueError as error:
        raise typer.BadParameter(f"{error}. There are: {', '.join(BEHAVIOURS)}") from error
    rng = Random(seed)  # noqa: S311 - made-up calls, not secrets
    begun = datetime.now(UTC) - timedelta(minutes=20)
    return [sample_call(rng, begun, behaviour) for _ in range(count)]
