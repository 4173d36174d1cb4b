"""The served API, as in tests/api."""

from tests.api.conftest import ada, api, client, eve, keys, register, served, settings

__all__ = ["ada", "api", "client", "eve", "keys", "register", "served", "settings"]
