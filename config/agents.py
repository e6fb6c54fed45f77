"""Reads the agents file, which maps WAVV user ids and caller ids to users of AskElephant.

The file is the CSV export of a spreadsheet, with commas, semicolons or tabs, and headers such as
``Caller ID`` or ``E-Mail``. If a row is ambiguous, the whole file is rejected. Otherwise calls of
one agent could be assigned to another agent.
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
"""Matches a phone number that a spreadsheet treated as a quantity and rounded: 1.41556E+10."""

UTF16 = (b"\xff\xfe", b"\xfe\xff")
ZIP = b"PK\x03\x04"


class AgentEntry(BaseModel):
    """One agent of the agents file. ``id`` is WAVV's user id.

    AskElephant finds the user by ``email``, or else by ``phone``:
    https://docs.askelephant.ai/api-reference/engagements/create-engagement
    """

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
            raise ValueError("needs an email or a phone, or AskElephant cannot identify the agent")
        return self

    @property
    def key(self) -> tuple[str, str]:
        """The key that identifies the agent: its id, or else the digits of its caller id.

        Several agents with ids may share a caller id. Calls on that line then have no owner.
        """
        if self.id is not None:
            return ("id", self.id)
        caller_id = self.caller_id or ""
        return ("caller_id", re.sub(r"\D", "", caller_id) or caller_id)


COLUMNS = {re.sub("_", "", name): name for name in AgentEntry.model_fields}
"""The fields of an agent by their names without underscores, to find them by column headers."""


class Row(NamedTuple):
    """The cells of one row of the CSV file, and the number of the row's last line."""

    line: int
    cells: tuple[str, ...]


def read_agents(path: Path) -> tuple[AgentEntry, ...]:
    """Read the agents file, a CSV file. Raises a ``ValueError`` that lists each bad line."""
    rows = [row for row in _rows(path) if any(cell.strip() for cell in row.cells)]
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
    lines: dict[tuple[str, str], int] = {}
    for line, agent in agents:
        if agent.key in lines:
            name = agent.id or agent.caller_id
            problems.append(
                f"line {line}: {agent.key[0]} {name} is on line {lines[agent.key]}, too"
            )
        lines.setdefault(agent.key, line)
    if problems:
        raise ValueError(" | ".join(problems))
    return tuple(agent for _, agent in agents)


def _rows(path: Path) -> Iterator[Row]:
    """Yield the rows of CSV text. A quote that does not end, or ends within a cell, is an error.

    The delimiter is named by a first line such as ``sep=;``, which Excel writes. Without that line,
    it is the one that occurs most often in the header.
    """
    try:
        raw = path.read_bytes()
        if raw.startswith(UTF16):
            raise ValueError("is UTF-16: save it as 'CSV UTF-8'")
        if raw.startswith(ZIP):
            raise ValueError("is a spreadsheet: save it as 'CSV UTF-8'")
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise ValueError(f"cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ValueError(
            f"cannot be read: line {line} is not UTF-8: save it as 'CSV UTF-8'"
        ) from None
    named = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)
    header = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = named[1] if named else max(DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begun = 1
    try:
        for cells in reader:
            if not (named and reader.line_num == 1):
                yield Row(reader.line_num, tuple(cells))
            begun = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"cannot be read: line {begun}: {error}") from error


def _columns(header: Row) -> tuple[str, ...]:
    """Return the field of each column. Only letters and digits of the headers are compared."""
    letters = [re.sub(r"[^a-z0-9]", "", cell.lower()) for cell in header.cells]
    while letters and not letters[-1]:
        letters.pop()
    listed = ", ".join(AgentEntry.model_fields)
    problems = [
        f"{header.cells[place].strip() or 'column ' + str(place + 1)} is not a column ({listed})"
        for place, name in enumerate(letters)
        if name not in COLUMNS
    ]
    problems += [f"two columns are {COLUMNS[n]}" for n in COLUMNS if letters.count(n) > 1]
    if problems:
        raise ValueError(f"line {header.line}: {'; '.join(problems)}")
    return tuple(COLUMNS[name] for name in letters)


def _agent(columns: Sequence[str], row: Row) -> AgentEntry:
    """Return the agent of a row. Raises ``ValueError`` with a text that shows no personal data.

    The text shows a cell only if it is a number that a spreadsheet has rounded.
    """
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
