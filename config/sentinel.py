"""A Redis behind Sentinels, as one URL: ``sentinel://:password@host:port,host:port/db?service=name``.

User and password are those of Redis; the Sentinels themselves are asked without.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, unquote, urlsplit

SCHEME = "sentinel://"
PORT = 26379


@dataclass(frozen=True, slots=True)
class SentinelUrl:
    """What the URL says. ``service`` is the name under which the Sentinels know the primary."""

    nodes: tuple[tuple[str, int], ...]
    service: str
    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def is_sentinel(url: str | None) -> bool:
    """Tell whether Redis at ``url`` is found through Sentinels."""
    return (url or "").startswith(SCHEME)


def read_sentinel(url: str) -> SentinelUrl:
    """Return what the URL says. Raises ``ValueError`` that says what is wrong, without quoting."""
    parts = urlsplit(url)
    login, _, hosts = parts.netloc.rpartition("@")
    username, _, password = login.partition(":")
    services = parse_qs(parts.query).get("service", [])
    database = parts.path.strip("/") or "0"
    if len(services) != 1 or not database.isdecimal() or not hosts:
        raise ValueError("must be sentinel://host:port,host:port/0?service=name")
    return SentinelUrl(
        nodes=tuple(_nodes(hosts)),
        service=services[0],
        db=int(database),
        username=unquote(username) or None,
        password=unquote(password) or None,
    )


def celery_url(said: SentinelUrl) -> str:
    """Return it as Celery wants it: one URL for each Sentinel."""
    login = f"{quote(said.username or '', safe='')}:{quote(said.password or '', safe='')}@"
    start = f"{SCHEME}{login}" if said.password else SCHEME
    hosts = ((f"[{host}]" if ":" in host else host, port) for host, port in said.nodes)
    return ";".join(f"{start}{host}:{port}/{said.db}" for host, port in hosts)


def _nodes(hosts: str) -> Iterator[tuple[str, int]]:
    for one in hosts.split(","):
        parts = urlsplit(f"//{one.strip()}")
        if not parts.hostname:
            raise ValueError("must name a Sentinel between all commas")
        yield parts.hostname, parts.port or PORT
