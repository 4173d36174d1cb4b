"""What the storm runs: of all steps at least 30 % are unsafe and 30 % idempotent."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """One automation, and how many of a hundred events go to it."""

    share: int
    definition: dict[str, Any]


def kinds(sink: str, *, slow_only: bool = False) -> list[Kind]:
    """`sink` is `host:port`. `slow_only`: each run is one step that is long under way, so that a worker that was
    stopped for longer than its lease comes back while others are at the same step."""

    def http(step: str, effect: str, ms: int, *needs: str) -> dict[str, Any]:
        return {
            "id": step, "type": "http", **({"needs": list(needs)} if needs else {}),
            "retry": {"max_attempts": 5, "delay_s": 0.2},
            "config": {
                "method": "POST", "url": f"http://{sink}/{effect}/{step}?ms={ms}",
                "json": {"event": "{{ trigger.data.event }}"}, "idempotent": effect == "idempotent",
            },
        }  # fmt: skip

    def transform(step: str, *needs: str) -> dict[str, Any]:
        config = {"value": {"event": "{{ trigger.data.event }}"}}
        return {"id": step, "type": "transform", **({"needs": list(needs)} if needs else {}), "config": config}

    def made(name: str, *actions: dict[str, Any]) -> dict[str, Any]:
        return {
            "name": name, "trigger_type": "webhook", "actions": list(actions),
            "trigger_config": {"dedupe": {"from": "header", "name": "X-Event-Id"}, "rate_per_min": 60_000},
        }  # fmt: skip

    if slow_only:
        long_ms = 12_000
        repeatable = made("Repeatable", http("long", "idempotent", long_ms))
        return [Kind(50, repeatable), Kind(50, made("Unsafe", http("once", "unsafe", long_ms)))]
    slow = made("Slow", http("long", "idempotent", 4000), http("send", "unsafe", 1500), http("tell", "idempotent", 20))
    orders = made(
        "Orders", http("reserve", "idempotent", 40), http("charge", "unsafe", 80), transform("receipt"),
        http("notify", "idempotent", 20), http("ship", "unsafe", 120),
    )  # fmt: skip
    parallel = made(
        "Parallel", transform("prepare"), http("left", "unsafe", 60, "prepare"),
        http("middle", "idempotent", 150, "prepare"), http("right", "unsafe", 10, "prepare"),
        http("far", "idempotent", 90, "prepare"), transform("join", "left", "middle", "right", "far"),
    )  # fmt: skip
    pause = {"id": "pause", "type": "delay", "config": {"for_s": 4}}
    patient = made("Patient", http("ask", "idempotent", 30), pause, http("act", "unsafe", 60))
    return [Kind(55, orders), Kind(25, parallel), Kind(12, patient), Kind(8, slow)]
