"""Tests for reading all settings: from three sources, with every problem at once."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from config import SettingsError, load_settings
from config.load import unknown_names
from config.settings import Settings
from tests.support.settings_home import Home


def problems(home: Home, **variables: str) -> tuple[str, ...]:
    """Return the problems of these variables."""
    home.set(**variables)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    return raised.value.problems


def test_nothing_has_to_be_set(home: Home) -> None:
    """Every setting has a default."""
    settings = load_settings()
    assert settings.redis_url is None
    assert settings.settle_seconds == timedelta(seconds=2)
    assert settings.insights_first_delay == timedelta(seconds=45)
    assert settings.insights_deadline == timedelta(minutes=30)
    assert (settings.retention, settings.event_retention) == (timedelta(30), timedelta(7))
    assert list(home.path.iterdir()) == []


def test_the_environment_is_stronger_than_dotenv_than_toml(home: Home) -> None:
    """The environment overrides ``.env``, which overrides ``bridge.toml``."""
    home.write("bridge.toml", 'namespace = "toml"\nphone_region = "GB"\nlog_level = "debug"\n')
    home.write(".env", "BRIDGE_NAMESPACE=dotenv\nbridge_phone_region=DE\n")
    home.set(namespace="environment")
    settings = load_settings()
    assert (settings.namespace, settings.phone_region) == ("environment", "DE")
    assert settings.log_level == "debug"


def test_an_empty_variable_is_an_unset_one(home: Home) -> None:
    """An empty variable, as Compose files produce, is ignored."""
    home.write("bridge.toml", "settle_seconds = 7\n")
    home.set(settle_seconds="", run_workflows="", agents_file="", redis_url="", expand="")
    home.set(askelephant_api_key="", wavv_secrets="", is_private="")
    settings = load_settings()
    assert settings == Settings(settle_seconds=timedelta(seconds=7))
    assert settings.model_dump(exclude={"settle_seconds"}) == Settings(
        settle_seconds=timedelta(0)
    ).model_dump(exclude={"settle_seconds"})


def test_settings_cannot_be_changed(home: Home) -> None:
    """Assigning to a setting raises."""
    home.set(namespace="acme")
    with pytest.raises(ValidationError):
        load_settings().namespace = "other"  # type: ignore[misc]  # the rule under test


def test_every_problem_is_reported_at_once_with_its_variable(home: Home) -> None:
    """One error lists the problems of all three sources."""
    home.write("bridge.toml", 'log_level = "loud"\nretry_max_delay = "later"\n')
    home.write(".env", "BRIDGE_PHONE_REGION=Utopia\n")
    found = problems(
        home,
        redis_url="http://localhost",
        settle_seconds="later",
        expand="signals,colors",
        agents_file="agents.csv",
        retry_first_delay="5000",
        insights_first_delay="60",
        insights_deadline="30",
        sweep_intervall="5",
    )
    assert {problem.partition(":")[0] for problem in found} == {
        "BRIDGE_LOG_LEVEL",
        "BRIDGE_RETRY_MAX_DELAY",
        "BRIDGE_PHONE_REGION",
        "BRIDGE_REDIS_URL",
        "BRIDGE_SETTLE_SECONDS",
        "BRIDGE_EXPAND[1]",
        "BRIDGE_AGENTS_FILE",
        "BRIDGE_INSIGHTS_FIRST_DELAY",
        "BRIDGE_SWEEP_INTERVALL",
    }
    assert len(found) == 9


def test_the_error_reads_as_a_list(home: Home) -> None:
    """The error's text is a list with one problem a line."""
    home.set(namespace="a b", log_level="loud")
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert str(raised.value).splitlines() == [
        "The settings have problems:",
        "BRIDGE_NAMESPACE: must be 1 to 50 letters, digits, '.', '_' or '-'",
        "BRIDGE_LOG_LEVEL: Input should be 'debug', 'info', 'warning' or 'error'",
    ]


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        (
            {"insights_first_delay": "61", "insights_max_delay": "60"},
            "BRIDGE_INSIGHTS_FIRST_DELAY: must not be longer than BRIDGE_INSIGHTS_MAX_DELAY",
        ),
        (
            {"insights_first_delay": "61", "insights_deadline": "60"},
            "BRIDGE_INSIGHTS_FIRST_DELAY: must not be longer than BRIDGE_INSIGHTS_DEADLINE",
        ),
        (
            {"transcript_poll_after": "61", "transcript_deadline": "60"},
            "BRIDGE_TRANSCRIPT_POLL_AFTER: must not be longer than BRIDGE_TRANSCRIPT_DEADLINE",
        ),
        (
            {"retry_first_delay": "61", "retry_max_delay": "60"},
            "BRIDGE_RETRY_FIRST_DELAY: must not be longer than BRIDGE_RETRY_MAX_DELAY",
        ),
        (
            {"insights_required": "tags", "expand": "signals"},
            "BRIDGE_INSIGHTS_REQUIRED: must only name values of BRIDGE_EXPAND",
        ),
    ],
)
def test_settings_that_an_operator_set_must_agree(
    home: Home, variables: dict[str, str], problem: str
) -> None:
    """Two settings that are valid alone and contradict each other are a problem."""
    assert problems(home, **variables) == (problem,)


@pytest.mark.parametrize(
    "variables",
    [
        {"insights_first_delay": "600"},
        {"insights_max_delay": "1"},
        {"transcript_deadline": "1"},
        {"retry_max_delay": "1"},
        {"retry_first_delay": "3600"},
        {"retry_first_delay": "60", "retry_max_delay": "60"},
        {"insights_required": "signals", "expand": "tags,signals"},
    ],
)
def test_a_default_never_contradicts_the_operator(home: Home, variables: dict[str, str]) -> None:
    """A value that contradicts only defaults is accepted."""
    home.set(**variables)
    load_settings()


def test_insights_that_are_not_fetched_are_not_awaited(home: Home) -> None:
    """Only insights in ``BRIDGE_EXPAND`` are awaited."""
    home.set(expand="transcript,signals")
    assert load_settings().awaited_insights == ("signals",)


@pytest.mark.parametrize(
    ("variable", "guess"),
    [
        ("BRIDGE_WAVV_SECRET", "; is BRIDGE_WAVV_SECRETS meant?"),
        ("BRIDGE_REDIS_ULR", "; is BRIDGE_REDIS_URL meant?"),
        ("bridge_settle_second", "; is BRIDGE_SETTLE_SECONDS meant?"),
        ("BRIDGE_XYZ", ""),
    ],
)
def test_an_unknown_name_is_reported_with_a_guess(
    home: Home, monkeypatch: pytest.MonkeyPatch, variable: str, guess: str
) -> None:
    """An unknown name is reported with the closest setting and raises nothing."""
    monkeypatch.setenv(variable, "secret-value")
    home.write(".env", "BRIDGE_NAMESPACES=x\nOTHER=y\n")
    home.write("bridge.toml", "redis_ulr = 1\n[xyzzy]\nx = 1\n")
    load_settings()
    assert unknown_names() == [
        *sorted(
            [
                "BRIDGE_NAMESPACES: no setting has this name; is BRIDGE_NAMESPACE meant?",
                f"{variable.upper()}: no setting has this name{guess}",
            ]
        ),
        "bridge.toml: redis_ulr: no setting has this name; is redis_url meant?",
        "bridge.toml: xyzzy: no setting has this name",
    ]


@pytest.mark.parametrize("content", [b"redis_url = \n", b'x = "\xff"', b"[[agents\n"])
def test_a_file_that_is_no_toml_is_a_problem(home: Home, content: bytes) -> None:
    """A file that is no TOML is a problem."""
    home.write("bridge.toml", content)
    assert problems(home)[0].startswith("bridge.toml cannot be read: ")


def test_all_unreadable_files_are_reported_at_once(home: Home) -> None:
    """The problems of several unreadable files are in one error."""
    Path("bridge.toml").mkdir()
    home.write(".env", b"BRIDGE_NAMESPACE=\xe9\n")
    assert [text.partition(" cannot be read: ")[0] for text in problems(home)] == [
        "bridge.toml",
        ".env",
    ]
