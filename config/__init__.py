"""The bridge's settings and logging. Nothing else reads the environment."""

from config.load import SettingsError, load_settings
from config.settings import Settings

__all__ = ["Settings", "SettingsError", "load_settings"]
