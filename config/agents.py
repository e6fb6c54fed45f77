"""The agent directory: who of AskElephant's users is behind a WAVV user id or caller id."""

import csv
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator


class AgentEntry(BaseModel):
    """One agent. ``id`` is WAVV's user id; AskElephant knows the agent by e-mail, then phone."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    id: str | None = None
    caller_id: str | None = None
    name: str | None = None
    email: str | None = Field(None, pattern=r"^[^@\s]+@[^@\s]+$")
    phone: str | None = None

    @model_validator(mode="after")
    def _is_of_use(self) -> "AgentEntry":
        if not (self.id or self.caller_id):
            raise ValueError("needs an id or a caller_id")
        if not (self.email or self.phone):
            raise ValueError("needs an email or a phone, or AskElephant cannot know the agent")
        return self


def read_agents(path: Path) -> tuple[AgentEntry, ...]:
    """Read the CSV; raise ``ValueError`` that lists every bad line."""
    agents: list[AgentEntry] = []
    problems: list[str] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = [(reader.line_num, {k: v for k, v in row.items() if v}) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"cannot be read: {error}") from error
    for number, row in rows:
        try:
            agents.extend([AgentEntry.model_validate(row)] if row else ())
        except ValidationError as error:
            told = "; ".join(f"{'.'.join(map(str, e['loc']))} {e['msg']}" for e in error.errors())
            problems.append(f"line {number}: {told.strip()}")
    if problems:
        raise ValueError(" | ".join(problems))
    return tuple(agents)
