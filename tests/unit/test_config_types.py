"""Tests for settings that are no plain strings: accepted values, and the errors of others."""

from datetime import timedelta
from typing import Any

import pytest

from config import SettingsError, load_settings
from tests.support.settings_home import Home

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("settle_seconds", "0", timedelta(0)),
        ("settle_seconds", "2.5", 2.5 * SECOND),
        ("settle_seconds", " 90 ", 90 * SECOND),
        ("settle_seconds", "1e3", 1000 * SECOND),
        ("settle_seconds", "PT1M30S", 90 * SECOND),
        ("settle_seconds", "P1DT12H", 1.5 * DAY),
        ("settle_seconds", "00:01:30", 90 * SECOND),
        ("settle_seconds", "315360000", 3650 * DAY),
        ("retention_days", "0.5", 0.5),
        ("expand", "signals", ("signals",)),
        ("expand", " tags, ,signals,", ("tags", "signals")),
        ("skip_outcomes", "VOICEMAIL, NO_ANSWER", ("VOICEMAIL", "NO_ANSWER")),
        ("skip_outcomes", ",", ()),
        ("is_private", "true", True),
        ("is_private", "FALSE", False),
        ("is_private", "0", False),
        ("is_private", "  ", None),
        ("run_workflows", "no", False),
        ("redis_url", "rediss://user:secret@redis.example.com:6380/1", None),
        ("redis_url", "  ", None),
        ("broker_url", "amqp://guest:guest@a.example.com:5672//;amqps://b.example.com", None),
        ("namespace", "acme.prod_1-x", "acme.prod_1-x"),
        ("timezone", "America/New_York", "America/New_York"),
        ("askelephant_base_url", "https://h.example.com/api/", "https://h.example.com/api"),
        ("askelephant_base_url", " HTTPS://h.example.com ", "HTTPS://h.example.com"),
        ("askelephant_base_url", "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("askelephant_base_url", "http://[::1]:8080/api", "http://[::1]:8080/api"),
        ("askelephant_base_url", "http://localhost/api", "http://localhost/api"),
        ("title_template", "{{x}} {time}: {contact}", "{{x}} {time}: {contact}"),
        ("external_id_template", "acme-{call_id}", "acme-{call_id}"),
        ("external_url_template", "tel:{contact_id}", "tel:{contact_id}"),
        ("wavv_aliases", '{"recording_url": ["audio"]}', {"recording_url": ("audio",)}),
    ],
)
def test_a_value_is_read_as_it_is_meant(home: Home, name: str, written: str, value: Any) -> None:  # noqa: ANN401 - values are of many types
    """Durations, comma-separated lists and flags are read from their texts."""
    home.set(**{name: written})
    read = getattr(load_settings(), name)
    secret = name.endswith("s_url") or name == "broker_url"
    assert read == ((written.strip() or None) if secret else value)


DURATION = "must be seconds, or ISO 8601 such as PT30M"
BOUNDS = "must be between 0 seconds and 10 years"
PLACEHOLDERS = "may only hold these placeholders: {call_id}"
PLACEHOLDERS_URL = "may only hold these placeholders: {engagement_id}, {workspace_id}"
WORKSPACE = "String should match pattern '^wrks_[A-Za-z0-9]{1,100}$'"
LINK = "must start with a scheme, such as https:// or wavv://, that runs no code"
HTTPS = "must be an https URL without a query (http only on the loopback)"
NO_URL = "is not a URL; in a password, characters such as / @ [ ] must be percent-encoded"
SVIX = "must be whsec_ followed by base64, as Svix shows it"
ZONE = "must be an IANA time zone, such as America/New_York"
KEY = "must look like sk-apik_<id>.<secret>, without 'Bearer'"


@pytest.mark.parametrize(
    ("name", "written", "expected"),
    [
        ("settle_seconds", "later", DURATION),
        ("settle_seconds", "nan", DURATION),
        ("settle_seconds", "P9999999999D", DURATION),
        ("settle_seconds", "-1", BOUNDS),
        ("settle_seconds", "-PT1S", BOUNDS),
        ("settle_seconds", "315360001", BOUNDS),
        ("settle_seconds", "P11Y", BOUNDS),
        ("settle_seconds", "inf", "is too long a time"),
        ("settle_seconds", "-inf", "is too long a time"),
        ("settle_seconds", "1e300", "is too long a time"),
        ("askelephant_timeout", "0", "must be longer than 0 seconds"),
        ("sweep_interval", "PT0S", "must be longer than 0 seconds"),
        ("retention_days", "0", "Input should be greater than 0"),
        ("retention_days", "nan", "Input should be"),
        ("event_retention_days", "inf", "Input should be less than or equal to 3650"),
        ("is_private", "maybe", "Input should be a valid boolean"),
        ("run_workflows", "2", "Input should be a valid boolean"),
        ("phone_region", "us", "String should match pattern"),
        ("timezone", "New York", ZONE),
        ("timezone", "EDT", ZONE),
        ("timezone", "UTC-5", ZONE),
        ("timezone", "America", ZONE),
        ("timezone", "../etc/localtime", ZONE),
        ("namespace", "a:b", "must be 1 to 50 letters"),
        ("namespace", "x" * 51, "must be 1 to 50 letters"),
        ("redis_url", "localhost:6379", "must start with redis:// or rediss://"),
        ("redis_url", "amqp://localhost", "must start with redis:// or rediss://"),
        ("redis_url", "redis://:pa/ss@localhost", NO_URL),
        ("redis_url", "redis://localhost:port", NO_URL),
        ("redis_url", "redis://[::1", NO_URL),
        ("broker_url", "sqs://x", "must start with redis:// or rediss:// or amqp:// or amqps://"),
        ("broker_url", "amqp://a;http://b", "must start with redis://"),
        ("askelephant_base_url", "h.example.com/api", HTTPS),
        ("askelephant_base_url", "http://h.example.com/api", HTTPS),
        ("askelephant_base_url", "http://127.0.0.1.example.com", HTTPS),
        ("askelephant_base_url", "https:///api", HTTPS),
        ("askelephant_base_url", "https://h.example.com/api?x=1", HTTPS),
        ("askelephant_base_url", "https://h.example.com/api#x", HTTPS),
        ("askelephant_base_url", "https://h.example.com:99999", NO_URL),
        ("askelephant_auth_scheme", "basic", "Input should be 'raw' or 'bearer'"),
        ("askelephant_api_key", "Bearer sk-apik_a.b", KEY),
        ("askelephant_api_key", "sk-apik_a", KEY),
        ("askelephant_api_key", "sk-apik_.b", KEY),
        ("askelephant_api_key", "sk-apik_a.b c", KEY),
        ("askelephant_webhook_secrets", "whsec_not base64", SVIX),
        ("askelephant_webhook_secrets", "whsec_", SVIX),
        ("askelephant_webhook_secrets", "whsec_c2VjcmV0,whsec_é", SVIX),
        ("title_template", "{name}", "may only hold these placeholders: {agent}, {call_id}"),
        ("title_template", "{contact.__class__}", "may only hold these placeholders"),
        ("title_template", "{contact[0]}", "may only hold these placeholders"),
        ("title_template", "{contact!r}", "may only hold these placeholders"),
        ("title_template", "{contact:>9999999999}", "may only hold these placeholders"),
        ("title_template", "{}", "may only hold these placeholders"),
        ("title_template", "{contact", "is not a template (expected '}' before end of string)"),
        ("external_id_template", "{contact_id}-{call_id}", PLACEHOLDERS),
        ("external_id_template", "the-same-for-all", "must hold {call_id}"),
        ("askelephant_url_template", "https://x", "must hold {engagement_id}"),
        ("askelephant_url_template", "https://x/{workspace_id}", "must hold {engagement_id}"),
        ("askelephant_url_template", "https://x/{engagement_id}/{call_id}", PLACEHOLDERS_URL),
        ("askelephant_workspace_id", "acme", WORKSPACE),
        ("askelephant_workspace_id", "wrks_1/x", WORKSPACE),
        ("askelephant_url_template", "javascript:{engagement_id}", LINK),
        ("askelephant_url_template", "app.askelephant.ai/{engagement_id}", LINK),
        ("external_url_template", "crm.example.com:8080/{call_id}", LINK),
        ("external_url_template", "localhost:3000/{call_id}", LINK),
        ("external_url_template", "{call_id}", LINK),
        ("external_url_template", "JavaScript:{call_id}", LINK),
        ("external_url_template", "https://x/{lead}", "may only hold these placeholders"),
        ("wavv_aliases", "recording_url=audio", "must be JSON here"),
        ("wavv_aliases", "[]", "Input should be a valid dictionary"),
        ("agents", "u-1", "must be JSON here"),
        ("agents", '[{"id": "u-1"}]', ""),
    ],
)
def test_the_error_of_a_bad_value_names_the_expected_form(
    home: Home, name: str, written: str, expected: str
) -> None:
    """A bad value gives one problem, with the variable's name and the expected form."""
    home.set(**{name: written})
    with pytest.raises(SettingsError) as raised:
        load_settings()
    (problem,) = raised.value.problems
    variable, _, text = problem.partition(": ")
    assert variable.partition("[")[0] == f"BRIDGE_{name.upper()}"
    assert text.startswith(expected)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("settle_seconds = nan", None),
        ("settle_seconds = inf", None),
        ('settle_seconds = "PT1M"', timedelta(minutes=1)),
        ("settle_seconds = 1.5", 1.5 * SECOND),
        ("settle_seconds = [1]", None),
    ],
)
def test_toml_has_numbers_and_strings(home: Home, written: str, value: timedelta | None) -> None:
    """A duration in ``bridge.toml`` may be a number or a string."""
    home.write("bridge.toml", written)
    if value is not None:
        assert load_settings().settle_seconds == value
        return
    with pytest.raises(SettingsError, match="BRIDGE_SETTLE_SECONDS: "):
        load_settings()


def test_toml_has_lists_and_tables(home: Home) -> None:
    """Lists and tables of ``bridge.toml`` are read."""
    home.write(
        "bridge.toml",
        'expand = ["tags", "signals"]\nwavv_secrets = ["a,b", "c"]\n'
        'skip_outcomes = "BUSY,VOICEMAIL"\n[wavv_aliases]\nlead_name = ["wer", "qui"]\n',
    )
    settings = load_settings()
    assert settings.expand == ("tags", "signals")
    assert [secret.get_secret_value() for secret in settings.wavv_secrets] == ["a,b", "c"]
    assert settings.skip_outcomes == ("BUSY", "VOICEMAIL")
    assert settings.wavv_aliases == {"lead_name": ("wer", "qui")}


def test_an_oauth_token_has_no_form(home: Home) -> None:
    """With the scheme bearer a key of any form is accepted."""
    home.set(askelephant_auth_scheme="bearer", askelephant_api_key="eyJhbGciOiJIUzI1NiJ9.e30.x")
    assert load_settings().askelephant_api_key is not None
