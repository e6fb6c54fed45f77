"""Tests for the URL of a Redis behind Sentinels."""

import pytest

from config import load_settings
from config.broker import broker_options
from config.load import SettingsError
from config.sentinel import SentinelUrl, celery_url, is_sentinel, read_sentinel
from tests.support.settings_home import Home

NODES = (("a", 26379), ("10.0.0.2", 5000), ("::1", 26379))
WHOLE = "sentinel://me:p%40ss%2F@a,10.0.0.2:5000,[::1]/3?service=bridge"


def test_a_url_holds_sentinels_service_database_and_credentials() -> None:
    """Sentinels with and without ports, service, database, user and password are read."""
    assert read_sentinel(WHOLE) == SentinelUrl(NODES, "bridge", 3, "me", "p@ss/")
    assert read_sentinel("sentinel://a?service=b") == SentinelUrl((("a", 26379),), "b")
    assert read_sentinel("sentinel://:x@a?service=b").password == "x"


def test_a_password_is_not_shown() -> None:
    """The ``repr`` of the URL does not show the password."""
    assert "p@ss" not in repr(read_sentinel(WHOLE))


@pytest.mark.parametrize(
    "url",
    [
        "sentinel://a:26379",
        "sentinel://a?service=",
        "sentinel://a?service=b&service=c",
        "sentinel://?service=b",
        "sentinel://a,,b?service=c",
        "sentinel://a:port?service=c",
        "sentinel://a/db?service=c",
    ],
)
def test_a_malformed_url_is_reported_at_the_start(home: Home, url: str) -> None:
    """A malformed URL raises when the settings are read, not at the first connection."""
    with pytest.raises(ValueError, match=r"must|[Pp]ort"):
        read_sentinel(url)
    home.set(redis_url=url)
    with pytest.raises(SettingsError, match="BRIDGE_REDIS_URL"):
        load_settings()


def test_celery_gets_a_url_for_each_sentinel_and_the_service(home: Home) -> None:
    """Celery gets one URL for each Sentinel, and the service as ``master_name``."""
    home.set(redis_url=WHOLE)
    options = broker_options(load_settings())
    first, second, third = options["broker_url"].split(";")
    assert third == "sentinel://me:p%40ss%2F@[::1]:26379/3"
    assert first == "sentinel://me:p%40ss%2F@a:26379/3"
    assert second == "sentinel://me:p%40ss%2F@10.0.0.2:5000/3"
    assert options["broker_transport_options"]["master_name"] == "bridge"


@pytest.mark.parametrize("url", [None, "redis://a", "rediss://a", "amqp://a"])
def test_other_urls_are_no_sentinel_urls(url: str | None) -> None:
    """Redis and AMQP URLs are no Sentinel URLs."""
    assert not is_sentinel(url)


def test_without_a_password_none_is_sent() -> None:
    """A URL without a password gives Celery URLs without one."""
    assert celery_url(read_sentinel("sentinel://a,b?service=c")) == (
        "sentinel://a:26379/0;sentinel://b:26379/0"
    )
