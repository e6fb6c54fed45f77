"""``python -m bridge.cli``: the ``bridge`` command, for shells whose path lacks its script."""

from bridge.cli import main

main()
