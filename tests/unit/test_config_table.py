"""Tests for the generated table of settings in docs/settings.md."""

from config.settings import Settings
from config.table import settings_table


def test_the_table_has_a_row_for_every_setting() -> None:
    """Each setting has a row with variable, default and meaning."""
    head, line, *rows = settings_table().splitlines()
    assert (head, line) == ("| variable | default | meaning |", "| --- | --- | --- |")
    assert [row.split("`")[1] for row in rows] == [
        f"BRIDGE_{name.upper()}" for name in Settings.model_fields
    ]
    assert all(row.count(" | ") == 2 and len(row.split(" | ")[2]) > 10 for row in rows)


def test_defaults_are_written_as_an_operator_would_write_them() -> None:
    """Defaults are written as values of variables: seconds, comma-separated lists, flags."""
    rows = {row.split("`")[1]: row.split(" | ")[1] for row in settings_table().splitlines()[2:]}
    assert rows["BRIDGE_INSIGHTS_DEADLINE"] == "`1800`"
    assert rows["BRIDGE_EXPAND"] == "`action_items,signals,transcript`"
    assert rows["BRIDGE_RUN_WORKFLOWS"] == "`true`"
    assert rows["BRIDGE_NAMESPACE"] == "`bridge`"
    assert rows["BRIDGE_RETENTION_DAYS"] == "`30`"
    assert {rows[f"BRIDGE_{name}"] for name in ("REDIS_URL", "WAVV_SECRETS", "WAVV_ALIASES")} == {
        ""
    }
