"""``python -m bridge.cli``: the command for whoever has no scripts directory on the path."""

from bridge.cli import main

main()
