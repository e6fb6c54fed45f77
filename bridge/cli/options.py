"""The command-line options that several commands share."""

from typing import Annotated

import typer

DEFAULT_URL = "http://127.0.0.1:8000"

Url = Annotated[str, typer.Option(help="Base URL of the bridge.")]
Token = Annotated[
    str | None, typer.Option(help="API token. Default: the first of BRIDGE_API_TOKENS.")
]
OperatorToken = Annotated[
    str | None,
    typer.Option(help="API token. Default: the first in BRIDGE_API_TOKENS that may operate."),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print JSON: one document, or one per line for a list.")
]
