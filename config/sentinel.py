"""Reads the URL of a Redis that is found through Sentinels.

The form is ``sentinel://:password@host:port,host:port/db?service=name``. User and password are
those of Redis. The Sentinels are used without a password.
"""

from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, unquote, urlsplit

SCHEME = "sentinel://"
PORT = 26379


@dataclass(frozen=True, slots=True)
class SentinelUrl:
    """The parts of a ``sentinel://`` URL. ``nodes`` are the host and port of each Sentinel.

    ``service`` is the name of the primary in the Sentinels' configuration.
    """

    nodes: tuple[tuple[str, int], ...]
    service: str
    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def is_sentinel(url: str | None) -> bool:
    """Return whether ``url`` is a ``sentinel://`` URL, and not the URL of a Redis server."""
    return (url or "").startswith(SCHEME)


def read_sentinel(url: str) -> SentinelUrl:
    """Parse a ``sentinel://`` URL. The text of a raised ``ValueError`` contains no password."""
    parts = urlsplit(url)
    login, _, hosts = parts.netloc.rpartition("@")
    username, _, password = login.partition(":")
    services = parse_qs(parts.query).get("service", [])
    database = parts.path.strip("/") or "0"
    if len(services) != 1 or not database.isdecimal() or not hosts:
        raise ValueError("must be sentinel://host:port,host:port/0?service=name")
    nodes: list[tuple[str, int]] = []
    for host in hosts.split(","):
        node = urlsplit(f"//{host.strip()}")
        if not node.hostname:
            raise ValueError("must name a Sentinel between all commas")
        nodes.append((node.hostname, node.port or PORT))
    return SentinelUrl(
        nodes=tuple(nodes),
        service=services[0],
        db=int(database),
        username=unquote(username) or None,
        password=unquote(password) or None,
    )


def celery_url(url: SentinelUrl) -> str:
    """Convert to Celery's form: one URL for each Sentinel, separated by semicolons.

    https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html
    """
    login = f"{quote(url.username or '', safe='')}:{quote(url.password or '', safe='')}@"
    start = f"{SCHEME}{login}" if url.password else SCHEME
    hosts = ((f"[{host}]" if ":" in host else host, port) for host, port in url.nodes)
    return ";".join(f"{start}{host}:{port}/{url.db}" for host, port in hosts)
