"""The settings and the logging of the bridge. Only this package reads environment variables."""

from config.load import SettingsError, load_settings
from config.settings import Settings

__all__ = ["Settings", "SettingsError", "load_settings"]
