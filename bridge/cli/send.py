"""``bridge send``: WAVV's events, made up or replayed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bridge.simulator.wavv.delivery import Auth, Delivery


def send(
    url: Annotated[str, typer.Option(help="Where the bridge listens.")] = "http://127.0.0.1:8000",
    secret: Annotated[
        str | None, typer.Option(help="WAVV's secret; else the first of BRIDGE_WAVV_SECRETS.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="How many calls to make up.")] = 1,
    channel: Annotated[
        Literal["v3", "sdk", "crm"],
        typer.Option(help="v3 webhook (signed), SDK events through a CRM, or a CRM workflow."),
    ] = "v3",
    behaviour: Annotated[
        str,
        typer.Option(
            help="The sandbox's behaviours for them, such as own-403 or html-404.2+late-insights."
        ),
    ] = "",
    unrecorded: Annotated[bool, typer.Option("--unrecorded", help="Calls without recording.")] = (
        False
    ),
    seed: Annotated[int | None, typer.Option(help="Make the same calls again.")] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Send a JSONL capture, byte for byte, instead.")
    ] = None,
    resign: Annotated[
        bool, typer.Option("--resign", help="Sign the capture anew: old signatures are refused.")
    ] = False,
) -> None:
    """Send WAVV's events of made-up calls to the bridge, or replay captured deliveries."""
    from bridge.simulator.wavv.delivery import as_it_is

    auth = as_it_is if replay and not resign else _auth(channel, secret)
    if replay is None:
        deliveries = _made_up(count, channel, behaviour, seed, recorded=not unrecorded)
    else:
        deliveries = _captured(replay)
    _send_all(deliveries, url, auth)


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


def _made_up(
    count: int,
    channel: Literal["v3", "sdk", "crm"],
    behaviour: str,
    seed: int | None,
    *,
    recorded: bool,
) -> "Iterable[Delivery]":
    from datetime import UTC, datetime, timedelta
    from random import Random

    from bridge.simulator.wavv.channels import deliveries
    from bridge.simulator.wavv.samples import sample_call

    rng = Random(seed)  # noqa: S311 - made-up calls, not secrets
    begun = datetime.now(UTC) - timedelta(minutes=20)
    calls = [sample_call(rng, begun, behaviour) for _ in range(count)]
    return [one for call in calls for one in deliveries(call, channel, recorded=recorded)]


def _captured(path: Path) -> "Iterable[Delivery]":
    from bridge.errors import CaptureError
    from bridge.simulator.wavv.capture import read_capture

    try:
        return list(read_capture(path))
    except (CaptureError, OSError) as error:
        raise typer.BadParameter(f"{path}: {error}") from error


def _send_all(deliveries: "Iterable[Delivery]", url: str, auth: "Auth") -> None:
    import httpx

    from bridge.simulator.wavv.sender import send as send_deliveries

    with httpx.Client(timeout=30) as client:
        answers = send_deliveries(deliveries, url, auth, client)
    for answer in answers:
        if not answer.is_accepted:
            typer.echo(f"{answer.status or 'no answer'}: {answer.detail}", err=True)
    accepted = sum(answer.is_accepted for answer in answers)
    typer.echo(f"{accepted} of {len(answers)} events accepted")
    raise typer.Exit(0 if accepted == len(answers) else 1)
