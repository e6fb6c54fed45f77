"""Tests for the entries of ``BRIDGE_API_TOKENS``: their forms, and the errors of malformed ones."""

import pytest

from config import SettingsError, load_settings
from config.tokens import new_token
from tests.support.settings_home import Home


def tokens(home: Home, written: str) -> list[tuple[str, str, str]]:
    """Return name, scope and secret of each token of the setting."""
    home.set(api_tokens=written)
    read = load_settings().named_tokens
    return [(token.name, token.scope, token.secret.get_secret_value()) for token in read]


def test_an_entry_has_a_name_a_scope_and_a_secret(home: Home) -> None:
    """An entry is ``<name>/<scope>:<secret>``; the secret may contain colons and slashes."""
    assert tokens(home, "ops/operate:one, grafana-2.x/read:t/w:o=") == [
        ("ops", "operate", "one"),
        ("grafana-2.x", "read", "t/w:o="),
    ]


def test_a_secret_alone_may_operate_and_is_named_by_its_position(home: Home) -> None:
    """An entry without a colon is a secret, as before tokens had names."""
    assert tokens(home, "old+/=,ops/read:new,a/b") == [
        ("token-1", "operate", "old+/="),
        ("ops", "read", "new"),
        ("token-3", "operate", "a/b"),
    ]


def test_a_token_may_have_two_secrets_during_a_rotation(home: Home) -> None:
    """Two entries may have one name, so that the old and the new secret are valid at once."""
    assert len(tokens(home, "ops/read:old,ops/read:new,same,same")) == 4


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("ops:x", "entry 1 must be <name>/<read|operate>:<secret>"),
        ("good,ops/read:", "entry 2 must be <name>/<read|operate>:<secret>"),
        ("good,ops/operate", "entry 2 has no secret"),
        ("ops/admin:x", "entry 1 must have the scope read or operate"),
        ("ops/Read:x", "entry 1 must have the scope read or operate"),
        ("/read:x", "entry 1 must have another name"),
        ("o ps/read:x", "entry 1 must have another name"),
        (f"{'o' * 41}/read:x", "entry 1 must have another name"),
        ("token-1/read:x", "entry 1 must have another name"),
        ("x,ops/read:x", "entry 2 has the secret of another entry with another scope"),
    ],
)
def test_a_malformed_entry_is_refused_with_what_to_do(
    home: Home, written: str, problem: str
) -> None:
    """The error names the variable, the entry's position, and the form of an entry."""
    home.set(api_tokens=written)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    (line,) = raised.value.problems
    assert line.startswith(f"BRIDGE_API_TOKENS: {problem}")
    assert any(hint in line for hint in ("bridge token new", "read or operate", "a name is"))


def test_the_name_of_the_40th_character_is_accepted(home: Home) -> None:
    """A name may have 40 characters; ``token-x`` is no name of an entry without a name."""
    assert [name for name, _, _ in tokens(home, f"{'o' * 40}/read:x,token-x/read:y")] == [
        "o" * 40,
        "token-x",
    ]


def test_a_token_does_not_show_its_secret(home: Home) -> None:
    """The text of a token shows its name and scope only."""
    home.set(api_tokens="ops/operate:hush")
    assert "hush" not in repr(load_settings().named_tokens)


def test_a_new_token_is_random_and_can_be_read(home: Home) -> None:
    """The secret of a new token has at least 32 characters, and its entry is well-formed."""
    made = [new_token("ops", "read") for _ in range(2)]
    secrets = {token.secret.get_secret_value() for token in made}
    assert len(secrets) == 2
    assert min(map(len, secrets)) >= 32
    assert tokens(home, made[0].entry) == [("ops", "read", made[0].secret.get_secret_value())]
    with pytest.raises(ValueError, match="a name is"):
        new_token("two words", "read")
