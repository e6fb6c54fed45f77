"""``python -m bridge.cli``: the ``bridge`` command where its script is not on the path."""

from bridge.cli import main

main()
