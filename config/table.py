"""Generates the table of settings in docs/settings.md from the class ``Settings``."""

from datetime import timedelta

from config.settings import PREFIX, Settings


def settings_table() -> str:
    """Return a Markdown table of all settings: variable, default, meaning."""
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        match field.get_default(call_default_factory=True):
            case None:
                default = ""
            case timedelta() as time:
                default = f"{time.total_seconds():g}"
            case tuple() as listed:
                default = ",".join(map(str, listed))
            case bool() as flag:
                default = str(flag).lower()
            case value:
                default = str(value) if value != {} else ""
        shown = f"`{default}`" if default else ""
        rows.append(f"| `{PREFIX}{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(rows)
