"""The served API, as in tests/api."""

from tests.api.conftest import ada, client, eve, keys, register, served, settings

__all__ = ["ada", "client", "eve", "keys", "register", "served", "settings"]
