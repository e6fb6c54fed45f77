"""``bridge sandbox``: runs a simulator of AskElephant's API."""

from typing import Annotated

import typer


def sandbox(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8400,
    webhook_url: Annotated[
        str, typer.Option(help="URL that its webhook events are sent to.")
    ] = "http://127.0.0.1:8000/webhooks/askelephant",
    scale: Annotated[
        float, typer.Option(min=0, help="Factor of all durations; 1 is as slow as AskElephant.")
    ] = 1.0,
    noise: Annotated[bool, typer.Option("--noise", help="Also send other event types.")] = False,
    behaviours: Annotated[
        str, typer.Option(help="Behaviours for all calls, such as check-people+normal-url.")
    ] = "",
    settings: Annotated[
        bool,
        typer.Option("--settings", help="Print the settings for a bridge that uses it, and exit."),
    ] = False,
) -> None:
    """Run a sandbox of AskElephant: an HTTP server that follows the documented API.

    A marker in a call's id adds behaviours for this call to those for all calls. GET
    /sandbox/behaviours lists the behaviours: refusals of one call (own-403, html-403, own-500),
    responses of a gateway (html-404), field errors in other formats, checks of participants, late
    events, …
    """
    from pydantic import ValidationError

    from bridge.simulator.askelephant import SandboxOptions, serve
    from bridge.simulator.askelephant.pages import PATH

    try:
        options = SandboxOptions(
            webhook_url=webhook_url, scale=scale, noise=noise, behaviours=behaviours
        )
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"]) from error
    if settings:
        typer.echo(f"BRIDGE_ASKELEPHANT_BASE_URL=http://127.0.0.1:{port}/api")
        typer.echo(f"BRIDGE_ASKELEPHANT_API_KEY={options.api_keys[0].token}")
        typer.echo(f"BRIDGE_ASKELEPHANT_WEBHOOK_SECRETS={','.join(options.webhook_secrets)}")
        typer.echo(f"BRIDGE_ASKELEPHANT_URL_TEMPLATE=http://127.0.0.1:{port}{PATH}")
        return
    serve(options, "127.0.0.1", port)
