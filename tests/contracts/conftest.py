from tests.agents.served import models, provider, settings, worker
from tests.api.conftest import ada, api, client, eve, keys, register, served

__all__ = ["ada", "api", "client", "eve", "keys", "models", "provider", "register", "served", "settings", "worker"]
