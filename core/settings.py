"""The settings of Vutler, read from the environment here and nowhere else.

Secrets can also be given as files: `VUTLER_SECRET_KEY_FILE=/run/secrets/key`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import core
from core.crash import CrashAt, NoSuchPoint
from core.journal import masked_text
from core.outgoing.addresses import BadAllowance, Policy

VERSION = "0.1.0"
API_URL: Final = "VUTLER_API_URL"
RUN_TOKEN: Final = "VUTLER_RUN_TOKEN"  # noqa: S105 - the name of the variable
_LOG_LEVELS: Final = ("debug", "info", "warning", "error")


class BadSetting(ValueError):
    """A setting can't be used; the text says which and why."""


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """The issuer of OpenID Connect that people may sign in with. `label` is what its button says."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    label: str = "single sign-on"


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The account that the installation's own mails are sent from."""

    host: str
    port: int
    tls: str  # "implicit", "starttls" or "none"
    sender: str
    user: str | None
    password: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClaudeSettings:
    """The Claude Code CLI as a fallback for workspaces without a provider of models."""

    program: Path
    token: str | None = field(repr=False)  # of `claude setup-token`
    at_once: int


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an operator can set. Ports are TCP ports, sizes are counts."""

    home: Path
    host: str
    port: int
    public_url: str
    api_url: str | None  # where jobs of isolated lanes reach the API; None: on this machine
    prefect_host: str  # where our own Prefect server listens; anything but loopback only behind a private network
    prefect_port: int
    database_url: str | None  # None: the embedded PostgreSQL in `home`
    prefect_api_url: str | None  # None: our own Prefect server
    prefect_auth: str | None  # "user:password" of a Prefect server that is not ours
    workers: int
    worker_concurrency: int
    plans_file: Path | None  # None: our own
    breaker_runs_per_min: int  # that other runs or events may start, of one automation
    http_allow_hosts: tuple[str, ...]
    signup_open: bool
    oidc: OidcSettings | None  # None: people sign in with passwords alone
    smtp: SmtpSettings | None  # None: the installation sends no mail of its own
    claude: ClaudeSettings | None  # None: nobody uses the claude program of this machine
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...]  # whose X-Forwarded-For is believed
    rate_address_per_min: int  # requests of one network address, of one user, of one workspace
    rate_user_per_min: int
    rate_workspace_per_min: int
    file_limit_mb: int  # of one uploaded file
    files_quota_mb: int  # of all files of a workspace
    audit_days: int
    secret_key: str | None  # None: made and kept in `home`
    seal_keys: tuple[str, ...]  # the newest first; before the one that `secret_key` gives
    log_level: str
    crash_at: CrashAt | None  # where a test of recovery has the process die

    @property
    def owns_prefect(self) -> bool:
        return self.prefect_api_url is None

    @property
    def prefect_url(self) -> str:
        """The API of the Prefect server in use, such as `http://127.0.0.1:4200/api`."""
        return self.prefect_api_url or f"http://{reachable(self.prefect_host)}:{self.prefect_port}/api"

    @property
    def local_url(self) -> str:
        """The API of Vutler as a program on the same machine reaches it."""
        return f"http://{reachable(self.host)}:{self.port}"

    @property
    def job_api_url(self) -> str:
        """The API of Vutler as jobs of isolated lanes reach it."""
        return self.api_url or self.local_url


def reachable(host: str) -> str:
    """The address, as part of a URL, at which a server that listens on `host` answers its own machine."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return "127.0.0.1" if host == "0.0.0.0" else "[::1]"  # noqa: S104 - the same
    return f"[{host}]" if ":" in host else host


def _whole(env: Mapping[str, str], name: str, default: int, lowest: int, highest: int) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= highest:
        raise BadSetting(f"{name} must be a whole number from {lowest} to {highest}, not {text!r}.")
    return int(text)


def _secret(env: Mapping[str, str], name: str) -> str | None:
    """The variable itself, or the content of the file that `<name>_FILE` names."""
    if value := env.get(name, "").strip():
        return value
    if file := env.get(f"{name}_FILE", "").strip():
        try:
            return Path(file).read_text().strip() or None
        except OSError as error:
            raise BadSetting(f"{name}_FILE names {file}, which can't be read: {error.strerror}.") from error
    return None


def _path(env: Mapping[str, str], name: str) -> Path | None:
    text = env.get(name, "").strip()
    return Path(text).absolute() if text else None


def _url(env: Mapping[str, str], name: str) -> str | None:
    """An http or https URL without its last slash."""
    text = env.get(name, "").strip().rstrip("/")
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 80) > 0
    except ValueError:
        usable = False
    if text and (not usable or parts.query or parts.fragment):
        raise BadSetting(f"{name} must be a URL such as https://vutler.example, not {masked_text(text)!r}.")
    return text or None


def _allowed_hosts(env: Mapping[str, str]) -> tuple[str, ...]:
    entries = tuple(part.strip() for part in env.get("VUTLER_HTTP_ALLOW_HOSTS", "").split(",") if part.strip())
    try:
        Policy.of(entries)
    except BadAllowance as error:
        raise BadSetting(str(error)) from error
    return entries


def _oidc(env: Mapping[str, str]) -> OidcSettings | None:
    """The issuer stays as it is written: it is compared letter by letter."""
    issuer = env.get("VUTLER_OIDC_ISSUER", "").strip()
    client_id = env.get("VUTLER_OIDC_CLIENT_ID", "").strip()
    client_secret = _secret(env, "VUTLER_OIDC_CLIENT_SECRET")
    if not (issuer or client_id or client_secret):
        return None
    if not (issuer and client_id and client_secret):
        raise BadSetting("VUTLER_OIDC_ISSUER, VUTLER_OIDC_CLIENT_ID and VUTLER_OIDC_CLIENT_SECRET go together.")
    parts = urlsplit(_url(env, "VUTLER_OIDC_ISSUER") or "")
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise BadSetting("VUTLER_OIDC_ISSUER must be an https URL.")
    label = env.get("VUTLER_OIDC_LABEL", "").strip()[:60]
    return OidcSettings(issuer, client_id, client_secret, label or str(parts.hostname))


def _smtp(env: Mapping[str, str]) -> SmtpSettings | None:
    """`smtp://` asks for TLS after the greeting, `smtps://` speaks it at once; `?tls=none` goes without."""
    text = _secret(env, "VUTLER_SMTP_URL")
    sender = env.get("VUTLER_MAIL_FROM", "").strip()
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        port = parts.port or (465 if parts.scheme == "smtps" else 587)
        usable = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.path in ("", "/")
        usable = usable and parts.query in ("", "tls=none") and (parts.username is None) == (parts.password is None)
    except ValueError:
        usable = False
    if not usable or (parts.query and (parts.scheme == "smtps" or parts.password is not None)):
        raise BadSetting(
            "VUTLER_SMTP_URL is one such as smtp://user:password@mail.example:587 or smtps://...; without TLS"
            " (?tls=none) there is no password."
        )
    if "@" not in sender or not sender.isprintable():
        raise BadSetting("VUTLER_MAIL_FROM is the address that mails come from, such as Vutler <vutler@example.org>.")
    tls = "implicit" if parts.scheme == "smtps" else "none" if parts.query else "starttls"
    user = unquote(parts.username) if parts.username else None
    return SmtpSettings(
        parts.hostname or "", port, tls, sender, user, unquote(parts.password) if parts.password else None
    )


def _claude(env: Mapping[str, str]) -> ClaudeSettings | None:
    program = env.get("VUTLER_CLAUDE_CLI", "").strip()
    if not program:
        return None
    if not program.startswith("/"):
        raise BadSetting(
            f"VUTLER_CLAUDE_CLI is the whole path of the program, such as /usr/bin/claude, not {program!r}."
        )
    at_once = _whole(env, "VUTLER_CLAUDE_AT_ONCE", 2, 1, 100)
    return ClaudeSettings(Path(program), _secret(env, "VUTLER_CLAUDE_TOKEN"), at_once)


def _networks(env: Mapping[str, str], name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    entries = [part.strip() for part in env.get(name, "").split(",") if part.strip()]
    try:
        return tuple(ip_network(entry, strict=False) for entry in entries)
    except ValueError as error:
        raise BadSetting(
            f"{name} is addresses or networks such as 10.0.0.0/8, with commas between: {error}."
        ) from error


def _log_level(env: Mapping[str, str]) -> str:
    level = env.get("VUTLER_LOG_LEVEL", "").strip().lower() or "info"
    if level not in _LOG_LEVELS:
        raise BadSetting(f"VUTLER_LOG_LEVEL is one of {', '.join(_LOG_LEVELS)}, not {level!r}.")
    return level


def _crash_at(env: Mapping[str, str]) -> CrashAt | None:
    text = env.get("VUTLER_CRASH_AT", "").strip()
    try:
        return CrashAt.parse(text) if text else None
    except NoSuchPoint as error:
        raise BadSetting(f"VUTLER_CRASH_AT can't be {text!r}: {error}.") from error


def default_home(uid: int) -> Path:
    return Path("/var/lib/vutler") if uid == 0 else Path.home() / ".local/share/vutler"


def load(env: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raises `BadSetting`."""
    env = os.environ if env is None else env
    host = env.get("VUTLER_HOST", "").strip() or "127.0.0.1"
    port = _whole(env, "VUTLER_PORT", 8000, 1, 65535)
    signup = env.get("VUTLER_SIGNUP", "").strip()
    if signup not in ("", "open"):
        raise BadSetting(f"VUTLER_SIGNUP is either unset or 'open', not {signup!r}.")
    home = env.get("VUTLER_HOME", "").strip()
    return Settings(
        home=Path(home).absolute() if home else default_home(os.getuid()),
        host=host,
        port=port,
        public_url=_url(env, "VUTLER_PUBLIC_URL") or f"http://{reachable(host)}:{port}",
        api_url=_url(env, API_URL),
        prefect_host=env.get("VUTLER_PREFECT_HOST", "").strip() or "127.0.0.1",
        prefect_port=_whole(env, "VUTLER_PREFECT_PORT", 4200, 1, 65535),
        database_url=_secret(env, "VUTLER_DATABASE_URL"),
        prefect_api_url=_url(env, "VUTLER_PREFECT_API_URL"),
        prefect_auth=_secret(env, "VUTLER_PREFECT_AUTH"),
        workers=_whole(env, "VUTLER_WORKERS", 1, 0, 64),
        worker_concurrency=_whole(env, "VUTLER_WORKER_CONCURRENCY", 100, 1, 10_000),
        plans_file=_path(env, "VUTLER_PLANS_FILE"),
        breaker_runs_per_min=_whole(env, "VUTLER_BREAKER_RUNS_PER_MIN", 300, 1, 10_000),
        http_allow_hosts=_allowed_hosts(env),
        signup_open=signup == "open",
        oidc=_oidc(env),
        smtp=_smtp(env),
        claude=_claude(env),
        trusted_proxies=_networks(env, "VUTLER_TRUSTED_PROXIES"),
        rate_address_per_min=_whole(env, "VUTLER_RATE_ADDRESS_PER_MIN", 6_000, 1, 10_000_000),
        rate_user_per_min=_whole(env, "VUTLER_RATE_USER_PER_MIN", 3_000, 1, 10_000_000),
        rate_workspace_per_min=_whole(env, "VUTLER_RATE_WORKSPACE_PER_MIN", 12_000, 1, 10_000_000),
        file_limit_mb=_whole(env, "VUTLER_FILE_LIMIT_MB", 25, 1, 1_024),
        files_quota_mb=_whole(env, "VUTLER_FILES_QUOTA_MB", 1_024, 1, 10_000_000),
        audit_days=_whole(env, "VUTLER_AUDIT_DAYS", 365, 30, 36_500),
        secret_key=_secret(env, "VUTLER_SECRET_KEY"),
        seal_keys=tuple((_secret(env, "VUTLER_SEAL_KEYS") or "").replace(",", " ").split()),
        log_level=_log_level(env),
        crash_at=_crash_at(env),
    )


@dataclass(frozen=True, slots=True)
class JobSettings:
    """What a job of an isolated lane is given: where the API is, and the token of its one run."""

    api_url: str
    token: str = field(repr=False)


def job(env: Mapping[str, str] | None = None) -> JobSettings | None:
    """The settings of this process as a job; None where it is none. Raises `BadSetting`."""
    env = os.environ if env is None else env
    url, token = _url(env, API_URL), env.get(RUN_TOKEN, "").strip()
    return JobSettings(url, token) if url and token else None


def source_root() -> Path:
    """The folder that holds the packages."""
    return Path(next(iter(core.__path__))).parent


def inherited(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for a process of ours, which may work in another folder: what we were given with its paths made
    absolute, less the settings of somebody else's Prefect."""
    env = os.environ if env is None else env
    kept = {name: value for name, value in env.items() if not name.startswith("PREFECT_")}
    for name, value in kept.items():
        if value.strip() and name.startswith("VUTLER_") and (name == "VUTLER_HOME" or name.endswith("_FILE")):
            kept[name] = str(Path(value.strip()).absolute())
    return kept


def inherited_prefect_server(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """What an operator tuned of the Prefect server (`PREFECT_SERVER_...`)."""
    env = os.environ if env is None else env
    return {name: value for name, value in env.items() if name.startswith("PREFECT_SERVER_")}


def replace_environment(environment: Mapping[str, str]) -> None:
    """Make `environment` this process's own, before a library that reads it is imported."""
    os.environ.clear()
    os.environ.update(environment)
