"""The agent directory: who of AskElephant's users is behind a WAVV user id or caller id.

A spreadsheet's export is read as it comes: with commas, semicolons or tabs, and headers such as
``Caller ID`` or ``E-Mail``. The whole file is refused if a row could give one agent another's
e-mail.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

DELIMITERS = ",;\t"
EXPONENT = re.compile(r"[+-]?\d+([.,]\d+)?e\+?\d+", re.IGNORECASE)
"""How a spreadsheet writes a phone number that it takes for a number: 1.41556E+10."""

UTF16 = (b"\xff\xfe", b"\xfe\xff")
ZIP = b"PK\x03\x04"


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

    @property
    def key(self) -> tuple[str, str]:
        """What the agent is known by: its id, else the digits of its caller id.

        Agents with ids of their own may share a caller id: that line then has no owner.
        """
        if self.id is not None:
            return ("id", self.id)
        caller_id = self.caller_id or ""
        return ("caller_id", re.sub(r"\D", "", caller_id) or caller_id)


COLUMNS = {re.sub("_", "", name): name for name in AgentEntry.model_fields}
"""The columns by their letters."""


class Row(NamedTuple):
    """The cells of one row, and the number of its last line."""

    line: int
    cells: tuple[str, ...]


def read_agents(path: Path) -> tuple[AgentEntry, ...]:
    """Read the CSV; raise ``ValueError`` that lists every bad line."""
    rows = [row for row in _rows(_text(path)) if any(cell.strip() for cell in row.cells)]
    if not rows:
        return ()
    header, *body = rows
    columns = _columns(header)
    agents: list[tuple[int, AgentEntry]] = []
    problems: list[str] = []
    for row in body:
        try:
            agents.append((row.line, _agent(columns, row)))
        except ValueError as error:
            problems.append(f"line {row.line}: {error}")
    problems += _doubled(agents)
    if problems:
        raise ValueError(" | ".join(problems))
    return tuple(agent for _, agent in agents)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        if raw.startswith(UTF16):
            raise ValueError("is UTF-16: save it as 'CSV UTF-8'")
        if raw.startswith(ZIP):
            raise ValueError("is a spreadsheet: save it as 'CSV UTF-8'")
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise ValueError(f"cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ValueError(
            f"cannot be read: line {line} is not UTF-8: save it as 'CSV UTF-8'"
        ) from None


def _rows(text: str) -> Iterator[Row]:
    """Yield the rows. Strict: a quote that does not end, or ends within a cell, is an error."""
    # As in Excel's own files, the first line may name the delimiter.
    named = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)
    delimiter = named[1] if named else _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begun = 1
    try:
        for cells in reader:
            if not (named and reader.line_num == 1):
                yield Row(reader.line_num, tuple(cells))
            begun = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"cannot be read: line {begun}: {error}") from error


def _delimiter(text: str) -> str:
    """Return the delimiter that the header has most of."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(DELIMITERS, key=header.count)


def _columns(header: Row) -> tuple[str, ...]:
    """Return which field each column holds, by the letters and digits of its header."""
    letters = [re.sub(r"[^a-z0-9]", "", cell.lower()) for cell in header.cells]
    while letters and not letters[-1]:
        letters.pop()
    listed = ", ".join(AgentEntry.model_fields)
    problems = [
        f"{header.cells[place].strip() or 'column ' + str(place + 1)} is no column ({listed})"
        for place, name in enumerate(letters)
        if name not in COLUMNS
    ]
    problems += [f"two columns are {COLUMNS[n]}" for n in COLUMNS if letters.count(n) > 1]
    if problems:
        raise ValueError(f"line {header.line}: {'; '.join(problems)}")
    return tuple(COLUMNS[name] for name in letters)


def _agent(columns: Sequence[str], row: Row) -> AgentEntry:
    """Return the agent of a row. Raises ``ValueError`` that quotes nothing but a bad number."""
    extra = row.cells[len(columns) :]
    if len(row.cells) < len(columns) or any(cell.strip() for cell in extra):
        raise ValueError(f"has {len(row.cells)} cells, the header {len(columns)}")
    values = {name: cell.strip() for name, cell in zip(columns, row.cells, strict=False)}
    for name, value in values.items():
        if EXPONENT.fullmatch(value):
            raise ValueError(
                f"{name} is {value}: the spreadsheet has rounded it. Format the column as text, "
                "enter the number again, and save the file once more"
            )
    try:
        return AgentEntry.model_validate({name: value for name, value in values.items() if value})
    except ValidationError as error:
        flaws = (f"{'.'.join(map(str, e['loc']))} {e['msg']}".strip() for e in error.errors())
        raise ValueError("; ".join(flaws)) from None


def _doubled(agents: Sequence[tuple[int, AgentEntry]]) -> Iterator[str]:
    """Yield a problem for each agent that is listed twice."""
    lines: dict[tuple[str, str], int] = {}
    for line, agent in agents:
        if agent.key in lines:
            name = agent.id or agent.caller_id
            yield f"line {line}: {agent.key[0]} {name} is on line {lines[agent.key]}, too"
        lines.setdefault(agent.key, line)
