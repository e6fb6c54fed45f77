"""Reading the settings as a whole: every problem is listed at once, with the variable's name."""

import difflib
import os
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from dotenv import dotenv_values
from pydantic import ValidationError

from config.agents import AgentEntry, read_agents
from config.settings import DOTENV, PREFIX, TOML, Settings

API_KEY = re.compile(r"sk-apik_[^.\s]+\.\S+")


class SettingsError(Exception):
    """The settings cannot be used. ``problems`` has one line for each thing to mend."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(["The settings have problems:", *problems]))
        self.problems = tuple(problems)


class Agreement(NamedTuple):
    """A rule that settings must keep together, once an operator has set all of them."""

    fields: tuple[str, ...]
    holds: Callable[[Settings], bool]
    says: str


def _has_key_form(settings: Settings) -> bool:
    key = settings.askelephant_api_key
    return (
        key is None
        or settings.askelephant_auth_scheme == "bearer"
        or API_KEY.fullmatch(key.get_secret_value()) is not None
    )


def _variable(field: str) -> str:
    return f"{PREFIX}{field.upper()}"


def _not_longer(shorter: str, longer: str) -> Agreement:
    return Agreement(
        (shorter, longer),
        lambda s: bool(getattr(s, shorter) <= getattr(s, longer)),
        f"{_variable(shorter)}: must not be longer than {_variable(longer)}",
    )


AGREEMENTS = (
    _not_longer("insights_first_delay", "insights_max_delay"),
    _not_longer("insights_first_delay", "insights_deadline"),
    _not_longer("transcript_poll_after", "transcript_deadline"),
    _not_longer("retry_first_delay", "retry_max_delay"),
    Agreement(
        ("insights_required",),
        lambda s: set(s.insights_required) <= set(s.expand),
        "BRIDGE_INSIGHTS_REQUIRED: must only name values of BRIDGE_EXPAND",
    ),
    Agreement(
        ("askelephant_api_key",),
        _has_key_form,
        "BRIDGE_ASKELEPHANT_API_KEY: must look like sk-apik_<id>.<secret>, without 'Bearer'",
    ),
)


def load_settings() -> Settings:
    """Return the settings of this process; raise ``SettingsError`` with all problems at once."""
    if problems := _unreadable_files():
        raise SettingsError(problems)
    settings, problems = _build()
    agents = settings.agents
    try:
        agents += read_agents(settings.agents_file) if settings.agents_file else ()
    except ValueError as error:
        problems.append(f"BRIDGE_AGENTS_FILE: {error}")
    problems += _doubled(agents)
    if problems:
        raise SettingsError([*problems, *unknown_names()])
    return settings.model_copy(update={"agents": agents})


def _doubled(agents: Sequence[AgentEntry]) -> Iterator[str]:
    """Yield a problem for each agent that is listed twice, in tables or in a table and the file."""
    for (column, name), times in Counter(agent.key for agent in agents).items():
        if times > 1:
            yield f"BRIDGE_AGENTS: {column} {name} is listed {times} times"


def _build() -> tuple[Settings, list[str]]:
    """Build the settings; what cannot be read is reported, and takes its default meanwhile."""
    try:
        settings, problems = Settings(), []
        bad: set[str] = set()
    except ValidationError as error:
        problems = [_told(one) for one in error.errors(include_input=False)]
        bad = {str(one["loc"][0]) for one in error.errors()}
        fields = Settings.model_fields
        settings = Settings.model_validate(
            {name: fields[name].get_default(call_default_factory=True) for name in bad}
        )
    said = settings.model_fields_set - bad
    broken = [a.says for a in AGREEMENTS if set(a.fields) <= said and not a.holds(settings)]
    return settings, problems + broken


def _told(error: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    field, *inner = error["loc"]
    where = "".join(f"[{part}]" for part in inner)
    said = str(error["msg"]).removeprefix("Value error, ")
    return f"{_variable(str(field))}{where}: {said}"


def _unreadable_files() -> list[str]:
    problems = []
    for path, read in ((TOML, _toml), (DOTENV, lambda: dotenv_values(DOTENV))):
        try:
            read()
        except (OSError, ValueError) as error:  # what is not TOML, or not UTF-8, is a ValueError
            problems.append(f"{path} cannot be read: {error}")
    return problems


def _toml() -> dict[str, Any]:
    return tomllib.loads(TOML.read_text(encoding="utf-8")) if TOML.exists() else {}


def unknown_names() -> list[str]:
    """Return a line for each ``BRIDGE_*`` variable or ``bridge.toml`` key that no setting has."""
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
