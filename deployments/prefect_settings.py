"""The settings of Prefect, as environment variables: of the server that we run, and of the processes that talk to it.

Why these and not Prefect's defaults: docs/decisions/0001-prefect-as-engine.md.
"""

from core.keys import Keys
from core.settings import Settings, inherited, inherited_prefect_server
from deployments.databases import prefect_sqlalchemy_url

AUTH_FILE = "prefect-auth"

# What an operator may overrule by setting the same variable.
_TUNING = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",  # Prefect's own default: a transaction per event
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "500",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "2",
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P1D",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",  # our worker fires what is due, late or not
    "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_LOOP_SECONDS": "60",
    "PREFECT_SERVER_SERVICES_FOREMAN_LOOP_SECONDS": "60",
    "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_SCHEDULED_TIME": "PT5M",
    "PREFECT_SERVER_DATABASE_SQLALCHEMY_POOL_SIZE": "20",
    "PREFECT_SERVER_DATABASE_SQLALCHEMY_MAX_OVERFLOW": "20",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
}

_CLIENT = {
    "PREFECT_LOGGING_TO_API_ENABLED": "false",  # log lines go to our own tables; the recorder tells Prefect
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "false",
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
    "PREFECT_CLIENT_RETRY_EXTRA_CODES": "500,504",  # a restarting PostgreSQL makes Prefect answer 500
    "PREFECT_CLIENT_MAX_RETRIES": "8",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
}


def _folders(settings: Settings) -> dict[str, str]:
    """Prefect's files lie in our data folder, and nobody's profile is read."""
    folder = settings.home / "prefect"
    return {
        "PREFECT_HOME": str(folder),
        "PREFECT_PROFILES_PATH": str(folder / "profiles.toml"),
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(folder / "ui"),
        "DO_NOT_TRACK": "1",
    }


def prefect_auth(settings: Settings, keys: Keys) -> str | None:
    """The `user:password` that the Prefect server in use asks for; None where it asks for none."""
    if settings.prefect_auth is not None:
        return settings.prefect_auth
    return keys.prefect_auth if settings.owns_prefect else None


def server_environment(settings: Settings, keys: Keys) -> dict[str, str]:
    """The whole environment of the Prefect server that we run."""
    return {
        **inherited(),
        **_TUNING,
        **inherited_prefect_server(),
        **_folders(settings),
        "PREFECT_API_DATABASE_CONNECTION_URL": prefect_sqlalchemy_url(settings),
        "PREFECT_SERVER_API_HOST": settings.prefect_host,
        "PREFECT_SERVER_API_PORT": str(settings.prefect_port),
        "PREFECT_SERVER_API_AUTH_STRING": settings.prefect_auth or keys.prefect_auth,
        "PREFECT_SERVER_ENCRYPTION_KEY": keys.prefect_encryption,
        "PREFECT_UI_API_URL": "/api",
    }


def client_variables(settings: Settings, keys: Keys) -> dict[str, str]:
    """What a process needs to talk to the Prefect server in use."""
    auth = prefect_auth(settings, keys)
    return {
        **_CLIENT,
        **_folders(settings),
        "PREFECT_API_URL": settings.prefect_url,
        **({"PREFECT_API_AUTH_STRING": auth} if auth else {}),
    }


def client_environment(settings: Settings, keys: Keys) -> dict[str, str]:
    """The whole environment of a process that imports Prefect, such as the worker."""
    return {**inherited(), **client_variables(settings, keys)}


def write_auth(settings: Settings, keys: Keys) -> None:
    """Leave the `user:password` of our own Prefect server where its operator finds it: `<home>/prefect-auth`."""
    if (auth := prefect_auth(settings, keys)) is not None and settings.owns_prefect:
        draft = settings.home / f"{AUTH_FILE}.new"
        draft.touch(mode=0o600)
        draft.chmod(0o600)
        draft.write_text(auth + "\n")
        draft.replace(settings.home / AUTH_FILE)
