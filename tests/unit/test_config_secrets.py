"""Tests for secrets: several are valid during a rotation, and none is shown."""

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


def test_secrets_are_not_in_the_settings_text(home: Home) -> None:
    """Neither ``repr`` nor ``str`` shows a secret or a password of a URL."""
    home.set(**GOOD)
    settings = load_settings()
    for shown in (repr(settings), str(settings), f"{settings}"):
        assert "hush" not in shown.lower()
        assert "aHVzaC" not in shown


def test_secrets_are_lists_so_that_they_can_be_rotated(home: Home) -> None:
    """Secrets are lists, so that the old and the new one are valid at once."""
    home.set(**GOOD)
    settings = load_settings()
    assert [each.get_secret_value() for each in settings.wavv_secrets] == ["hush-one", "hush-two"]
    assert len(settings.askelephant_webhook_secrets) == 2
    assert [token.get_secret_value() for token in settings.api_tokens] == ["hush-token"]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("askelephant_api_key", "sk-apik_hush hush"),
        ("askelephant_webhook_secrets", "whsec_hush!"),
        ("api_tokens", "good,ops/admin:hush"),
        ("api_tokens", "ops:hush"),
        ("api_tokens", "hush hush/read:other"),
        ("redis_url", "http://user:hush@localhost"),
        ("redis_url", "redis://user:a/hush@localhost"),
        ("redis_url", "redis://user:[hush]@localhost"),
        ("redis_url", "redis://user:hush@\u2100.example.com"),
        ("broker_url", "amqp://user:[hush]@localhost"),
        ("askelephant_base_url", "https://user:[hush]@localhost"),
    ],
)
def test_the_error_of_a_bad_secret_does_not_show_it(home: Home, name: str, written: str) -> None:
    """Neither the error nor its context contains the secret."""
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
def test_the_error_of_a_bad_file_does_not_show_its_secrets(home: Home, written: str) -> None:
    """A syntax error near a secret does not print the secret."""
    home.write("bridge.toml", written)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert "hush" not in str(raised.value)
