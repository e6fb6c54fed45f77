"""Rejects Redis Cluster, which cannot save a call.

One script saves a call and its index entries, whose keys are in different slots. A cluster runs a
script only on keys of one slot, and rejects others with ``CROSSSLOT``:
https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
"""

from redis import Redis
from redis.exceptions import RedisError

from bridge.store.connection import connect
from config import SettingsError

REFUSED = (
    "is a Redis Cluster, which is not supported: a call and its indexes are saved in one step, but "
    "a cluster keeps them on different nodes. Use one Redis or Valkey, or Sentinel"
)


def is_cluster(redis: Redis) -> bool:
    """Return whether the server is a node of a Redis Cluster; false if it cannot be reached."""
    try:
        return int(redis.info("cluster").get("cluster_enabled", 0)) == 1
    except (RedisError, OSError):  # unreachable, or TLS fails: the first command shows which
        return False


def refuse_cluster(url: str) -> None:
    """Raise ``SettingsError`` if ``url`` leads to a Redis Cluster.

    Does not raise if the server is unreachable.
    """
    with connect(url) as redis:
        redis.connection_pool.connection_kwargs |= {"retry": None, "socket_connect_timeout": 1.0}
        if is_cluster(redis):
            raise SettingsError([f"BRIDGE_REDIS_URL: {REFUSED}"])
