"""Mutations of valid inputs, which reach more code than noise does."""

from collections.abc import Callable, Sequence
from random import Random

from hypothesis import strategies as st

NASTY = (
    *(b"null", b"true", b"-0", b"1e999", b"NaN", b"-Infinity", b"9" * 5000, b"0.1e-400", b'""'),
    *(b'"\\ud800"', b'"\\u0000"', b'"\\ufffd"', b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\x00"),
    *(b"[" * 100, b"{" * 70, b'{"a":' * 65, b"[[],{}]", b'{"a":1,"a":2}', b"\\", b'"', b"'"),
    *(
        b"https://127.0.0.1:1/x",
        b"https://[::x",
        b"http://x",
        b"javascript:1",
        b"../../etc/passwd",
        b"%s%n",
        b"${x}",
    ),
    *(b"\r\nX-Evil: 1", b"2026-13-45T99:99:99Z", b"0001-01-01T00:00:00+14:00", b"253402300800000"),
    *(
        "\u202e".encode(),
        "é".encode(),
        "\U0001f4a9".encode(),
        "İ".encode(),
        "٣".encode(),
        b"+1" * 40,
    ),
)
SEEDS = st.integers(0, 2**63)
"""The seed of a mutation is one number, because drawing single bytes is slow."""

Mutation = Callable[[bytes, Random], bytes]


def mutated(raw: bytes, rng: Random, most: int = 4) -> bytes:
    """Return ``raw`` with one to ``most`` mutations."""
    for _ in range(rng.randint(1, most)):
        raw = rng.choice(MUTATIONS)(raw, rng)
    return raw


def mutated_text(text: str, rng: Random) -> str:
    """Return a header's value with mutations, decoded as servers do."""
    return mutated(text.encode("latin-1", "replace"), rng, 2).decode("latin-1")


def _place(raw: bytes, rng: Random) -> tuple[int, int]:
    start = rng.randint(0, len(raw))
    return start, min(len(raw), start + rng.choice((0, 1, 2, 8, 64)))


def _inserted(raw: bytes, rng: Random) -> bytes:
    start, _ = _place(raw, rng)
    return raw[:start] + rng.choice(NASTY) + raw[start:]


def _replaced(raw: bytes, rng: Random) -> bytes:
    start, end = _place(raw, rng)
    return raw[:start] + rng.choice(NASTY) + raw[end:]


def _value_replaced(raw: bytes, rng: Random) -> bytes:
    """Replace a value after a colon."""
    colons = [at for at, byte in enumerate(raw) if byte == ord(":")]
    if not colons:
        return _replaced(raw, rng)
    start = rng.choice(colons) + 1
    ends = [at for at in (raw.find(b",", start), raw.find(b"}", start)) if at > 0]
    return raw[:start] + rng.choice(NASTY) + raw[min(ends, default=len(raw)) :]


def _cut_out(raw: bytes, rng: Random) -> bytes:
    start, end = _place(raw, rng)
    return raw[:start] + raw[end:]


def _doubled(raw: bytes, rng: Random) -> bytes:
    start, end = _place(raw, rng)
    return raw[:end] + raw[start:]


def _cut_off(raw: bytes, rng: Random) -> bytes:
    return raw[: rng.randint(0, len(raw))]


def _noise(raw: bytes, rng: Random) -> bytes:
    start, end = _place(raw, rng)
    return raw[:start] + rng.randbytes(rng.randint(1, 16)) + raw[end:]


MUTATIONS: Sequence[Mutation] = (
    _inserted,
    _replaced,
    _value_replaced,
    _value_replaced,
    _cut_out,
    _doubled,
    _cut_off,
    _noise,
)
