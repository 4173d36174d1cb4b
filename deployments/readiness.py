"""How far a start is: asked of the API's `/readyz`, told on the console, once."""

import http.client
import json
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from core.settings import Settings
from deployments.console import Console

_ASK_EVERY = 0.3  # seconds
_ASK_FOR_PREFECT_EVERY = 1.0  # once the rest is ready
_ASK_SECONDS = 2.0
_TELL_AFTER = 10.0
_COMING_AT_MOST = 60.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """The answer of `/readyz`: whether runs are accepted and finished, and the state of each part."""

    ready: bool
    parts: dict[str, str]


def ask(settings: Settings) -> Readiness | None:
    """None while the API does not answer."""
    try:
        with urllib.request.urlopen(f"{settings.local_url}/readyz", timeout=_ASK_SECONDS) as answer:  # noqa: S310 - our own address
            return Readiness(True, _parts(answer.read()))
    except urllib.error.HTTPError as refusal:
        return Readiness(False, _parts(refusal.read()))
    except (OSError, http.client.HTTPException):
        return None


def _parts(body: bytes) -> dict[str, str]:
    try:
        content = json.loads(body)
    except ValueError:
        return {}
    return {name: state for name, state in content.items() if isinstance(state, str)}


def program() -> str:
    """How the operator calls the `vutler` of this installation."""
    beside = Path(sys.executable).with_name("vutler")
    try:
        return str(beside.relative_to(Path.cwd()))
    except ValueError:
        return str(beside)


class Progress:
    """Asks until everything is ready and says what changed."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self.settings = settings
        self.console = console
        self._began: float | None = None
        self._next = 0.0
        self._told_ready = False
        self._told_waiting = ""
        self._done = False

    def look(self, now: float) -> None:
        if self._done or now < self._next:
            return
        self._began = self._began or now
        self._next = now + (_ASK_FOR_PREFECT_EVERY if self._told_ready else _ASK_EVERY)
        answer = ask(self.settings)
        if answer is not None and (answer.ready or self._is_enough(answer)):
            self._tell_ready()
            if answer.parts.get("prefect", "ready") == "ready":
                if self.settings.owns_prefect:
                    self.console.say("Prefect server is ready")
                self._done = True
        elif now - self._began > _TELL_AFTER:
            self._tell_waiting(answer)

    def is_coming(self, now: float) -> bool:
        """Whether parts may still be starting, so that one's complaints of another mean nothing yet."""
        return not self._done and now - (self._began or now) < _COMING_AT_MOST

    def _is_enough(self, answer: Readiness) -> bool:
        """Without workers of its own this installation is ready when its database is."""
        return self.settings.workers == 0 and answer.parts.get("database") == "ready"

    def _tell_waiting(self, answer: Readiness | None) -> None:
        parts = ", ".join(f"{name} {state}" for name, state in answer.parts.items()) if answer else "the API"
        if parts != self._told_waiting and not self._told_ready:
            self._told_waiting = parts
            self.console.say(f"still waiting: {parts}")

    def _tell_ready(self) -> None:
        if self._told_ready:
            return
        self._told_ready = True
        url = self.settings.public_url
        self.console.say("Vutler is ready")
        self.console.plain("")
        self.console.plain(f"  API       {url}   (documentation: {url}/api/docs)")
        self.console.plain(f"  Prefect   {self.settings.prefect_url.removesuffix('/api')}{self._prefect_hint()}")
        self.console.plain(f"  try       curl {self.settings.local_url}/healthz")
        self.console.plain(f"  next      {program()} demo --url {self.settings.local_url}")
        self.console.plain("            (makes a user and an automation, and prints its curl line)")
        self.console.plain("  stop      Ctrl-C")
        self.console.plain("")

    def _prefect_hint(self) -> str:
        return f"   (user and password: {self.settings.home}/prefect-auth)" if self.settings.owns_prefect else ""
