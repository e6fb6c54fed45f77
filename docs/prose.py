"""Counts the uses of ``WORDS`` in docstrings and comments, for ``make check``.

These words are vague or figurative where a term of the trade exists: write request, response,
field, returns, raises, dead letter, deadline, hold. A call that is answered is a right use, so a
small share is allowed.
"""

import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("bench", "bridge", "config", "docs", "tasks", "tests")
MOST = 15
"""The most uses in 10,000 words."""

WORDS = re.compile(
    r"\b(ask(s|ed|ing)?|answer(s|ed|ing)?|words?|told|tells?|telling|says?|said|saying|knock(s|ed)?"
    r"|doors?|lets? go|gives? back|given back|takes?|taking|took|taken|minds?|heeds?|aside|doubles"
    r"|patience|together|punctual|brakes?|nobody|somebody|whoever|who has|beside"
    r"|of (its|their|his) own|anew|meanwhile|such as it is|half a minute|so long|soon|cast|scenes?"
    r"|stage)\b",
    re.IGNORECASE,
)


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the comments and docstrings of a module with their line numbers."""
    before = tokenize.NEWLINE
    with path.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            is_statement = before in {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
            if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and is_statement):
                yield token.start[0], token.string
            if token.type not in {tokenize.NL, tokenize.COMMENT, tokenize.ENCODING}:
                before = token.type


def main() -> None:
    """Count the words; exit with the list of their uses if there are too many."""
    words, uses = 0, list[str]()
    for path in (path for package in PACKAGES for path in sorted(Path(package).rglob("*.py"))):
        for line, text in prose(path):
            words += len(re.findall(r"[A-Za-z']+", text))
            uses += [f"{path}:{line}: {match[0]}" for match in WORDS.finditer(text)]
    share = len(uses) / words * 10_000
    if share > MOST:
        listed = "\n".join(uses)
        sys.exit(f"{listed}\n{share:.1f} of 10,000 words are words to avoid; allowed are {MOST}.")


if __name__ == "__main__":
    main()
