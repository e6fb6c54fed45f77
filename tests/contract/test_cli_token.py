"""``bridge token new``, and the token that a command chooses from ``BRIDGE_API_TOKENS``."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from dotenv import dotenv_values
from typer.testing import CliRunner, Result

from bridge.cli import main
from config import load_settings
from config.environment import OPERATORS_OWN
from tests.support.web_process import Web, running_web

READ, OPERATE = "read-" * 8, "operate-" * 8
ENTRIES = f"grafana/read:{READ},ops/operate:{OPERATE}"


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove a developer's settings."""
    for name in filter(OPERATORS_OWN.fullmatch, list(os.environ)):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def web_process(valkey_url: str) -> Iterator[Web]:
    """Run a web process with a token of each scope."""
    with running_web(valkey_url, api_tokens=ENTRIES) as web:
        yield web


def run(*words: str) -> Result:
    """Run ``bridge``."""
    return CliRunner().invoke(main, list(words))


@pytest.mark.parametrize("scope", ["read", "operate"])
def test_the_printed_line_is_a_line_of_a_dotenv_file(scope: str, tmp_path: Path) -> None:
    """The printed line, written to ``.env``, configures the new token."""
    result = run("token", "new", "ops", scope)
    assert result.exit_code == 0
    (line,) = (text for text in result.output.split() if text.startswith("BRIDGE_API_TOKENS="))
    (tmp_path / ".env").write_text(line, encoding="utf-8")
    (token,) = load_settings().named_tokens
    assert (token.name, token.scope) == ("ops", scope)
    assert len(token.secret.get_secret_value()) >= 32
    assert f"Authorization: Bearer {token.secret.get_secret_value()}\n" in result.output


def test_a_program_gets_the_token_as_json(tmp_path: Path) -> None:
    """``--json`` prints one document, and each token has another secret."""
    first, second = (json.loads(run("token", "new", "ops", "read", "--json").stdout) for _ in "12")
    assert first["secret"] != second["secret"]
    assert first["entry"] == f"ops/read:{first['secret']}"
    (tmp_path / ".env").write_text(first["env"], encoding="utf-8")
    assert dotenv_values(".env") == {"BRIDGE_API_TOKENS": first["entry"]}


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("ops", "admin"), "'read', 'operate'"),
        (("a/b", "read"), "a name is 1 to 40 letters"),
        (("token-7", "read"), "a name is 1 to 40 letters"),
    ],
)
def test_a_bad_name_or_scope_is_refused(words: tuple[str, str], hint: str) -> None:
    """A malformed name and an unknown scope end with 2 and name what is accepted."""
    result = run("token", "new", *words)
    assert result.exit_code == 2
    assert hint in " ".join(result.output.replace("│", " ").split())


def test_a_command_sends_the_secret_of_a_token_whose_scope_suffices(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that reads sends the first secret; one that changes prefers ``operate``."""
    monkeypatch.setenv("BRIDGE_API_TOKENS", ENTRIES)
    url = ("--url", str(web.client.base_url))
    assert run("hold", "show", *url).output == "No requests are held.\n"
    assert run("hold", "release", *url).output == "No requests were held.\n"
    assert run("replay", "--state", "failed", *url).output == "       0  match\n"
    assert run("replay", "none", *url).exit_code == 1


def test_without_a_token_that_may_operate_a_change_ends_with_the_apis_text(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If only ``read`` is configured, the API's 403 is printed."""
    monkeypatch.setenv("BRIDGE_API_TOKENS", f"grafana/read:{READ}")
    result = run("hold", "release", "--url", str(web.client.base_url))
    assert (result.exit_code, result.output[:31]) == (2, "403: The token grafana may only")
