"""Loads and checks the settings. One error lists all problems, each with its variable."""

import difflib
import os
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from dotenv import dotenv_values
from pydantic import ValidationError

from config.agents import read_agents
from config.settings import DOTENV, PREFIX, TOML, Settings

API_KEY = re.compile(r"sk-apik_[^.\s]+\.\S+")


class SettingsError(Exception):
    """The settings are invalid. ``problems`` holds one line of text for each problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(["The settings have problems:", *problems]))
        self.problems = tuple(problems)


class Rule(NamedTuple):
    """A rule that relates several settings, checked if the operator has set all of ``fields``."""

    fields: tuple[str, ...]
    is_kept: Callable[[Settings], bool]
    problem: str


def _has_key_form(settings: Settings) -> bool:
    key = settings.askelephant_api_key
    return (
        key is None
        or settings.askelephant_auth_scheme == "bearer"
        or API_KEY.fullmatch(key.get_secret_value()) is not None
    )


def _variable(field: str) -> str:
    return f"{PREFIX}{field.upper()}"


def _not_longer(shorter: str, longer: str) -> Rule:
    return Rule(
        (shorter, longer),
        lambda s: bool(getattr(s, shorter) <= getattr(s, longer)),
        f"{_variable(shorter)}: must not be longer than {_variable(longer)}",
    )


RULES = (
    _not_longer("insights_first_delay", "insights_max_delay"),
    _not_longer("insights_first_delay", "insights_deadline"),
    _not_longer("transcript_poll_after", "transcript_deadline"),
    _not_longer("retry_first_delay", "retry_max_delay"),
    Rule(
        ("insights_required",),
        lambda s: set(s.insights_required) <= set(s.expand),
        "BRIDGE_INSIGHTS_REQUIRED: must only name values of BRIDGE_EXPAND",
    ),
    Rule(
        ("askelephant_api_key",),
        _has_key_form,
        "BRIDGE_ASKELEPHANT_API_KEY: must look like sk-apik_<id>.<secret>, without 'Bearer'",
    ),
)


def load_settings() -> Settings:
    """Load the settings of this process. Raises one ``SettingsError`` with all problems."""
    problems: list[str] = []
    for path, read in ((TOML, _toml), (DOTENV, lambda: dotenv_values(DOTENV))):
        try:
            read()
        except (OSError, ValueError) as error:  # a ValueError if it is not TOML, or not UTF-8
            problems.append(f"{path} cannot be read: {error}")
    if problems:
        raise SettingsError(problems)
    settings, problems = _build()
    agents = settings.agents
    try:
        agents += read_agents(settings.agents_file) if settings.agents_file else ()
    except ValueError as error:
        problems.append(f"BRIDGE_AGENTS_FILE: {error}")
    for (column, name), times in Counter(agent.key for agent in agents).items():
        if times > 1:
            problems.append(f"BRIDGE_AGENTS: {column} {name} is listed {times} times")
    if problems:
        raise SettingsError([*problems, *unknown_names()])
    return settings.model_copy(update={"agents": agents})


def _build() -> tuple[Settings, list[str]]:
    """Return the settings and their problems.

    An invalid setting is replaced by its default, so that all other settings can be checked, too.
    """
    problems: list[str] = []
    bad: set[str] = set()
    try:
        settings = Settings()
    except ValidationError as error:
        for one in error.errors(include_input=False):
            field, *inner = map(str, one["loc"])
            where = "".join(f"[{part}]" for part in inner)
            message = one["msg"].removeprefix("Value error, ")
            problems.append(f"{_variable(field)}{where}: {message}")
            bad.add(field)
        fields = Settings.model_fields
        settings = Settings.model_validate(
            {name: fields[name].get_default(call_default_factory=True) for name in bad}
        )
    given = settings.model_fields_set - bad
    broken = [
        rule.problem for rule in RULES if set(rule.fields) <= given and not rule.is_kept(settings)
    ]
    return settings, problems + broken


def _toml() -> dict[str, Any]:
    return tomllib.loads(TOML.read_text(encoding="utf-8")) if TOML.exists() else {}


def unknown_names() -> list[str]:
    """Return a line for each ``BRIDGE_*`` variable and ``bridge.toml`` key without a setting."""
    names = {name.upper() for name in (*os.environ, *dotenv_values(DOTENV))}
    variables = {name.removeprefix(PREFIX).lower() for name in names if name.startswith(PREFIX)}
    return [
        *(_unknown(name, _variable) for name in sorted(variables - Settings.model_fields.keys())),
        *(
            f"{TOML}: {_unknown(key, str)}"
            for key in sorted(_toml().keys() - Settings.model_fields)
        ),
    ]


def _unknown(name: str, spell: Callable[[str], str]) -> str:
    close = difflib.get_close_matches(name, Settings.model_fields, n=1)
    meant = f"; is {spell(close[0])} meant?" if close else ""
    return f"{spell(name)}: no setting has this name{meant}"
