"""What an action is lent in tests: the real way out to the network, a log and a store in memory."""

from dataclasses import dataclass, field

from blocks.action import Http, Level
from blocks.values import JsonObject


@dataclass
class Context:
    """Implements `blocks.action.ActionContext`."""

    http: Http
    run_id: str = "0190"
    step_id: str = "s1"
    attempt: int = 1
    idempotency_key: str = "0190/s1/0"
    timeout_s: float = 5.0
    lines: list[str] = field(default_factory=list)
    needed: tuple[str, ...] = ()  # exits that later steps need
    stored: list[tuple[bytes, str]] = field(default_factory=list)

    async def connected(self, connection: str) -> Http:
        raise AssertionError("this test has no connections")

    async def say(self, channel: str, text: str, *, thread: str | None = None) -> JsonObject:
        raise AssertionError("this test has no channels")

    def leads_on(self, outlet: str) -> bool:
        return outlet in self.needed

    def log(self, text: str, level: Level = Level.INFO) -> None:
        self.lines.append(f"{level}: {text}")

    async def store(self, content: bytes, media_type: str) -> JsonObject:
        self.stored.append((content, media_type))
        return {"$blob": f"b{len(self.stored)}", "size": len(content), "media_type": media_type}
