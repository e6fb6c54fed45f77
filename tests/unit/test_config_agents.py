"""Tests for the agent directory: a CSV file, or tables in ``bridge.toml``."""

import pytest

from bridge.domain.participants import Agent
from bridge.services import mapper
from config import SettingsError, load_settings
from config.agents import AgentEntry
from tests.support.settings_home import Home

ALICE = AgentEntry(
    id="u-1",
    caller_id="(212) 555-0100",
    name="Alice Smith",
    email="alice@example.com",
    phone="2125550111",
)
BOB = AgentEntry(caller_id="+12125550101", phone="+12125550102")
HEADER = "id,caller_id,name,email,phone\n"
ALICES = "u-1,(212) 555-0100,Alice Smith,alice@example.com,2125550111\n"
SHUFFLED = """\
caller_id,name,id,email,phone
 (212) 555-0100,"Alice Smith",u-1, alice@example.com ,2125550111
+12125550101,,,,+12125550102
"""
BOBS = ",+12125550101,,,+12125550102\n"


def read(home: Home, csv: str | bytes) -> tuple[AgentEntry, ...]:
    """Return the agents of this CSV."""
    home.write("agents.csv", csv)
    home.set(agents_file="agents.csv")
    return load_settings().agents


def problem(home: Home, csv: str | bytes) -> str:
    """Return the problem of this CSV, without the variable's name."""
    with pytest.raises(SettingsError) as raised:
        read(home, csv)
    (text,) = raised.value.problems
    return text.removeprefix("BRIDGE_AGENTS_FILE: ")


@pytest.mark.parametrize(
    "csv",
    [
        HEADER + ALICES + BOBS,
        "\ufeff" + HEADER + ALICES + BOBS,
        (HEADER + ALICES + BOBS).replace("\n", "\r\n"),
        HEADER + "\n" + ALICES + ",,,,\n\n" + BOBS + ",,,,\n",
        SHUFFLED,
    ],
    ids=["plain", "excel's BOM", "windows", "blank lines", "other order"],
)
def test_agents_are_read_as_spreadsheets_write_them(home: Home, csv: str) -> None:
    """Columns in any order, blanks around values and empty rows are read."""
    assert read(home, csv) == (ALICE, BOB)


def test_every_bad_line_is_named_by_its_number(home: Home) -> None:
    """The problem names each bad line by its number in the file and not its values."""
    csv = HEADER + "u-1,,Alice,,\n\n" + ALICES + ",,Bob,bob@x.com,\nu-3,,,no mail,\n"
    assert problem(home, csv).split(" | ") == [
        "line 2: Value error, needs an email or a phone, or AskElephant cannot identify the agent",
        "line 5: Value error, needs an id or a caller_id",
        "line 6: email String should match pattern '^[^@\\s]+@[^@\\s]+$'",
    ]


@pytest.mark.parametrize(
    ("csv", "expected"),
    [
        (
            "id,mail\nu-1,a@b.com\n",
            "line 1: mail is not a column (id, caller_id, name, email, phone)",
        ),
        ("id,,email\nu-1,,a@b.com\n", "line 1: column 2 is not a column ("),
        ("id,ID,email\nu-1,u-2,a@b.com\n", "line 1: two columns are id"),
        ("u-1,,Alice,a@b.com,\n" + ALICES, "line 1: u-1 is not a column ("),
        ("id,email\nu-1,a@b.com,more\n", "line 2: has 3 cells, the header 2"),
        ("id,name,email\n\nu-1,a@b.com\n", "line 3: has 2 cells, the header 3"),
        (
            b"id,email\nu-1,\xe9@b.com\n",
            "cannot be read: line 2 is not UTF-8: save it as 'CSV UTF-8'",
        ),
        ("id,email\nu-1," + "x" * 200_000 + "\n", "cannot be read: line 2: "),
        ((HEADER + ALICES).encode("utf-16"), "is UTF-16: save it as 'CSV UTF-8'"),
        (b"PK\x03\x04\x14\x00", "is a spreadsheet: save it as 'CSV UTF-8'"),
        (
            HEADER + ALICES + 'u-2,,"Bob,b@x.com,\n' + BOBS + "u-3,,Eve,e@x.com,\n",
            "cannot be read: line 3: ",
        ),
        (HEADER + 'u-2,,"Bob" B,b@x.com,\n', "cannot be read: line 2: "),
        (HEADER + 'u-2,,"Bob\nB,b@x.com,\n\n', "cannot be read: line 2: "),
    ],
)
def test_a_file_of_another_form_is_a_problem(home: Home, csv: str | bytes, expected: str) -> None:
    """A file that cannot be read as a directory is a problem at start."""
    assert problem(home, csv).startswith(expected)


@pytest.mark.parametrize(
    "csv",
    [
        (HEADER + ALICES + BOBS).replace(",", ";"),
        (HEADER + ALICES + BOBS).replace(",", "\t"),
        "sep=;\r\n" + (HEADER + ALICES + BOBS).replace(",", ";"),
        "sep=|\n" + (HEADER + ALICES + BOBS).replace(",", "|"),
        "\ufeff" + "Id,Caller ID,NAME,E-Mail,Phone \n" + ALICES + BOBS,
        "ID,CallerId,Name,e_mail,phone,,\n" + ALICES + BOBS.replace("\n", ",,\n"),
        "\n" + '"id","caller-id","name","email","phone"\n' + ALICES + BOBS,
    ],
)
def test_other_delimiters_and_headers_are_read(home: Home, csv: str) -> None:
    """Semicolons, tabs, a ``sep=`` line and other headers are read."""
    assert read(home, csv) == (ALICE, BOB)


@pytest.mark.parametrize("number", ["1.41556E+10", "1,41556E+10", "1E+10", "-4.4e12"])
@pytest.mark.parametrize("column", [1, 4, 0])
def test_a_number_that_a_spreadsheet_has_rounded_is_refused(
    home: Home, number: str, column: int
) -> None:
    """A number in scientific notation is rejected with advice: its digits are lost."""
    cells = ["u-1", "2125550100", "Alice", "a@b.com", "2125550111"]
    cells[column] = number
    text = problem(
        home, (HEADER + ALICES).replace(",", ";").replace("u-1", "u-0") + ";".join(cells)
    )
    assert text.startswith(f"line 3: {HEADER.strip().split(',')[column]} is {number}: ")
    assert "Format the column as text" in text


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (ALICES + BOBS + "u-1,,,other@x.com,\n", ["line 4: id u-1 is on line 2, too"]),
        (BOBS * 2, ["line 3: caller_id +12125550101 is on line 2, too"]),
        (
            BOBS + ",1 (212) 555-0101,,c@x.com,\n",
            ["line 3: caller_id 1 (212) 555-0101 is on line 2, too"],
        ),
        (ALICES * 3, ["line 3: id u-1 is on line 2, too", "line 4: id u-1 is on line 2, too"]),
    ],
)
def test_an_agent_that_is_listed_twice_refuses_the_file(
    home: Home, lines: str, expected: list[str]
) -> None:
    """Two lines with one id or number are a problem that names each."""
    assert problem(home, HEADER + lines).split(" | ") == expected


def test_agents_with_ids_may_share_a_line(home: Home) -> None:
    """Two agents with ids may share one caller id."""
    assert len(read(home, HEADER + ALICES + ALICES.replace("u-1", "u-2"))) == 2


@pytest.mark.parametrize("csv", ["", "\n\n", "\ufeff", HEADER, ",,,\n"])
def test_a_file_without_agents_has_none(home: Home, csv: str) -> None:
    """An empty file is no problem."""
    assert read(home, csv) == ()


def test_a_missing_file_is_a_problem(home: Home) -> None:
    """A configured file that does not exist is a problem."""
    home.set(agents_file="nowhere/agents.csv")
    with pytest.raises(SettingsError, match=r"BRIDGE_AGENTS_FILE: cannot be read: .*nowhere"):
        load_settings()


TABLES = '[[agents]]\nid = "u-9"\nname = "Eve"\nemail = "eve@example.com"\n'


def test_agents_may_stand_in_toml_and_in_a_file(home: Home) -> None:
    """Agents of ``bridge.toml`` and of the file are joined."""
    home.write("bridge.toml", 'agents_file = "agents.csv"\n' + TABLES)
    home.write("agents.csv", HEADER + BOBS)
    eve = AgentEntry(id="u-9", name="Eve", email="eve@example.com")
    assert load_settings().agents == (eve, BOB)


def test_an_id_that_is_in_toml_and_in_the_file_is_refused(home: Home) -> None:
    """An id in both ``bridge.toml`` and the file is a problem."""
    home.write("bridge.toml", 'agents_file = "agents.csv"\n' + TABLES.replace("u-9", "u-1"))
    home.write("agents.csv", HEADER + ALICES)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert raised.value.problems == ("BRIDGE_AGENTS: id u-1 is listed 2 times",)


ENTRY = '[[agents]]\n{}\nemail = "{}@example.com"\n'


@pytest.mark.parametrize(
    ("known_by", "again", "expected"),
    [
        ('id = "u-9"', 'id = " u-9 "', "id u-9"),
        ('caller_id = "+12125550101"', 'caller_id = "1 (212) 555-0101"', "caller_id 12125550101"),
    ],
)
def test_an_agent_that_is_in_two_tables_is_refused(
    home: Home, known_by: str, again: str, expected: str
) -> None:
    """Two tables of one agent are a problem, however its id or number is written."""
    tables = ENTRY.format(known_by, "ann") + ENTRY.format(again, "bob")
    home.write("bridge.toml", tables)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert raised.value.problems == (f"BRIDGE_AGENTS: {expected} is listed 2 times",)


def test_a_bad_table_is_named_by_its_index(home: Home) -> None:
    """The problem of a table names its index, counted from 0."""
    home.write("bridge.toml", TABLES + '[[agents]]\nid = "u-8"\ncolor = "blue"\n')
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert raised.value.problems == ("BRIDGE_AGENTS[1][color]: Extra inputs are not permitted",)


def test_callers_are_compared_as_events_name_them(home: Home) -> None:
    """A caller id of ten digits in the file matches E.164 numbers of events."""
    home.write("agents.csv", HEADER + ALICES + BOBS)
    home.set(agents_file="agents.csv")
    mapped = mapper(load_settings())
    alice = Agent("Alice Smith", "alice@example.com", "+12125550111")
    bob = Agent(phone="+12125550102")
    assert mapped.agents == {"u-1": alice}
    assert mapped.lines == {"+12125550100": alice, "+12125550101": bob}
    assert [mapped.knows(agent) for agent in ("u-1", "+12125550101", "u-2")] == [True, True, False]


def test_a_shared_line_identifies_no_agent(home: Home) -> None:
    """A line of two agents identifies neither; two ids of one agent are one agent."""
    line = 'caller_id = "(212) 555-0100"\nid = "u-{}"'
    entries = [ENTRY.format(line.format(i), name) for i, name in enumerate(("ann", "ann", "bob"))]
    home.write("bridge.toml", "".join(entries[:2]))
    assert mapper(load_settings()).lines == {"+12125550100": Agent(email="ann@example.com")}
    home.write("bridge.toml", entries[0] + entries[2] + entries[1])
    shared = mapper(load_settings())
    assert shared.lines == {"+12125550100": None}
    assert not shared.knows("+12125550100")
