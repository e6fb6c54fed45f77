"""Secrets: several while rotating, and never shown."""

import pytest

from config import SettingsError, load_settings
from tests.support.settings_home import Home

GOOD = {
    "askelephant_api_key": "sk-apik_id.hush-hush",
    "askelephant_webhook_secrets": "whsec_aHVzaC1odXNo,whsec_aHVzaC1hZ2Fpbg==",
    "wavv_secrets": "hush-one, hush-two",
    "wavv_api_key": "hush-wavv",
    "api_tokens": "hush-token",
    "redis_url": "redis://user:hush-redis@localhost:6379/0",
    "broker_url": "amqp://user:hush-amqp@localhost",
}


def test_secrets_are_never_part_of_how_settings_look(home: Home) -> None:
    """Neither in a log line nor in a traceback; passwords in URLs are secrets, too."""
    home.set(**GOOD)
    settings = load_settings()
    for shown in (repr(settings), str(settings), f"{settings}"):
        assert "hush" not in shown.lower()
        assert "aHVzaC" not in shown


def test_secrets_are_lists_so_that_they_can_be_rotated(home: Home) -> None:
    """Both the old and the new one are good for a while."""
    home.set(**GOOD)
    settings = load_settings()
    assert [one.get_secret_value() for one in settings.wavv_secrets] == ["hush-one", "hush-two"]
    assert len(settings.askelephant_webhook_secrets) == 2
    assert [one.get_secret_value() for one in settings.api_tokens] == ["hush-token"]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("askelephant_api_key", "sk-apik_hush hush"),
        ("askelephant_webhook_secrets", "whsec_hush!"),
        ("redis_url", "http://user:hush@localhost"),
        ("redis_url", "redis://user:a/hush@localhost"),
        ("redis_url", "redis://user:[hush]@localhost"),
        ("redis_url", "redis://user:hush@\u2100.example.com"),
        ("broker_url", "amqp://user:[hush]@localhost"),
        ("askelephant_base_url", "https://user:[hush]@localhost"),
    ],
)
def test_a_bad_secret_is_not_told_again(home: Home, name: str, written: str) -> None:
    """The error goes to a log, or into a ticket."""
    home.set(**{name: written})
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert "hush" not in f"{raised.value!s} {raised.value!r}"
    assert raised.value.__context__ is None


@pytest.mark.parametrize(
    "written",
    [
        'wavv_secrets = {of = "hush"}',
        'wavv_secrets = [["hush"]]',
        'askelephant_api_key = ["hush"]',
        'api_tokens = [{of = "hush"}]',
        'askelephant_webhook_secrets = {of = "hush"}',
        'wavv_secrets = "hush',
        "wavv_secrets = hush",
    ],
)
def test_neither_is_one_in_a_bad_file(home: Home, written: str) -> None:
    """A forgotten quote must not print what follows it."""
    home.write("bridge.toml", written)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert "hush" not in str(raised.value)
