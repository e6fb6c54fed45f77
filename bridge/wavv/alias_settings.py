"""Checks ``BRIDGE_WAVV_ALIASES``, the operator's keys for WAVV's fields, when a process starts."""

from bridge.wavv.aliases import with_additions
from config import Settings, SettingsError


def require_known_fields(settings: Settings) -> None:
    """Raise ``SettingsError`` if ``BRIDGE_WAVV_ALIASES`` names a field that does not exist."""
    try:
        with_additions(settings.wavv_aliases)
    except ValueError as error:
        raise SettingsError([f"BRIDGE_WAVV_ALIASES: {error}"]) from error
