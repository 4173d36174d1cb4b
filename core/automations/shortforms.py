"""The short forms that people write, turned into the one definition language. Pure.

Sources: the trigger and action shapes of both product documents (`agent_id`, `prompt_template`, `cron_expression`,
`run_agent`, http `body`, ...). What is no short form is left as it is, for the model to judge.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import count

from blocks import registry, schedule
from blocks.sentences import reason, said
from blocks.values import Json, JsonObject
from core.automations import containers
from core.automations.containers import Loc
from core.automations.definition import STEP_ID, Step
from core.errors import Finding
from core.places import place

# What a GET shows and a PUT of the same document may therefore contain. None of it can be set.
READ_ONLY = frozenset(
    {
        *("id", "user_id", "workspace_id", "status", "live_version", "revision", "etag", "draft_changed", "webhook"),
        *("schedules", "findings", "run_count", "last_run_at", "last_run_status", "last_run_id", "next_run_at"),
        *("created_at", "updated_at", "created_by", "updated_by", "deleted_at", "sentence", "step_sentences", "paused"),
        *("switched_at", "switched_by"),
    }
)
ACTION_ALIASES = {"run_agent": "agent", "webhook": "http", "http_request": "http"}
_CONFIG_ALIASES = {
    "agent": {"agent_id": "agent", "agent_name": "agent", "prompt_template": "prompt"},
    "email": {"body": "text", "template_id": "template"},
}
_INLINE_SECRETS = {"slack": ("webhook_url", "token")}
_SECRET_KEYS = ("secret", "webhook_secret")
_SCHEDULE_KEYS = ("cron", "cron_expression", "run_at", "every", "every_s", "preset", "schedules")


@dataclass(slots=True)
class Expanded:
    """A document in the long form. The webhook secret and the switch are taken out: they are no part of it."""

    document: JsonObject
    secret: Json = None
    enabled: Json = None
    findings: list[Finding] = field(default_factory=list)


def expand(raw: JsonObject) -> Expanded:
    """Rewrite every short form of `raw`, which may be a part of a document (a patch) as well."""
    found = Expanded({name: value for name, value in raw.items() if name not in READ_ONLY and name != "enabled"})
    found.enabled = raw.get("enabled")
    _expand_trigger(found)
    if isinstance(actions := found.document.get("actions"), list):
        found.document["actions"] = _expand_steps(actions, ("actions",), found.findings)
    return found


def fill(document: JsonObject) -> JsonObject:
    """Name the nameless steps `s1, s2 ...` and say what each needs: by default the one before it in its list."""
    taken = {
        step["id"]
        for _, body in containers.raw_bodies(document, registry.actions())
        for step in (body if isinstance(body, list) else ())
        if isinstance(step, dict) and isinstance(step.get("id"), str)
    }
    filled: Json = document
    for at, _ in containers.raw_bodies(document, registry.actions()):  # the outer ones are named first
        filled = _changed(filled, at, partial(_fill_steps, taken=taken))
    return filled if isinstance(filled, dict) else document


def _changed(value: Json, at: Loc, change: Callable[[Json], Json]) -> Json:
    """A copy of `value` with another value at `at`, which is there."""
    if not at:
        return change(value)
    if isinstance(value, list) and isinstance(number := at[0], int):
        return [*value[:number], _changed(value[number], at[1:], change), *value[number + 1 :]]
    if isinstance(value, dict):
        return {**value, str(at[0]): _changed(value[str(at[0])], at[1:], change)}
    raise AssertionError(f"nothing stands at {place(at)}")


def _fill_steps(steps: Json, taken: set[Json]) -> Json:
    if not isinstance(steps, list):
        return steps
    filled: list[Json] = []
    before: str | None = None
    for index, step in enumerate(steps):
        if not isinstance(step, dict):
            filled.append(step)
            continue
        name = step.get("id")
        if name is None:
            name = next(free for number in count(index + 1) if (free := f"s{number}") not in taken)
            taken.add(name)
        needs = step.get("needs")
        if needs is None:
            needs = [before] if before else []
        filled.append({**step, "id": name, "needs": [needs] if isinstance(needs, str) else needs})
        before = name if isinstance(name, str) and re.match(STEP_ID, name) else None
    return filled


# triggers -------------------------------------------------------------------------------------------------------------


@cache
def _trigger_names() -> dict[str, str]:
    """Every spelling of a trigger kind, with its permanent name."""
    kinds = registry.triggers().values()
    return {spelling: kind.name for kind in kinds for spelling in (kind.name, *kind.aliases)}


def _expand_trigger(found: Expanded) -> None:
    document = found.document
    _unfold_trigger(found)
    config = document.get("trigger_config")
    if "run_at" in document and config is None:  # the older one-time form
        config = document["trigger_config"] = {"run_at": document.pop("run_at")}
    kind = document.get("trigger_type")
    if isinstance(config, dict):
        config = dict(config)
        inner = config.pop("type", None)
        if kind is None:
            kind = inner if inner is not None else _guess(config)
        elif inner is not None and _named(inner) != _named(kind):
            found.findings.append(
                Finding(
                    "trigger_config.type",
                    said(
                        "This says {inner} while trigger_type says {outer}; keep one.",
                        inner=repr(inner),
                        outer=repr(kind),
                    ),
                )
            )
        document["trigger_config"] = config
        _take_secret(found, _named(kind), config)
    if kind is None:
        return
    document["trigger_type"] = kind = _named(kind)
    if isinstance(config, dict):
        if kind == "webhook":
            config.pop("webhook_id", None)
        elif kind == "cron":
            _expand_cron(found, config)
        elif kind == "agent_event" and "agent_id" in config and "agent" not in config:
            config["agent"] = config.pop("agent_id")


def _unfold_trigger(found: Expanded) -> None:
    """`trigger: "manual"` and `trigger: {"type": ..., "config": {...}}` or with its settings beside the type."""
    document = found.document
    if "trigger" not in document:
        return
    trigger = document.pop("trigger")
    if "trigger_type" in document or "trigger_config" in document:
        found.findings.append(Finding("trigger", said("Give either trigger, or trigger_type and trigger_config.")))
    elif isinstance(trigger, str):
        document["trigger_type"] = trigger
    elif isinstance(trigger, dict):
        inner = trigger.get("config")
        beside = {name: value for name, value in trigger.items() if name != "config"}
        document["trigger_config"] = {**beside, **inner} if isinstance(inner, dict) else dict(trigger)
    else:
        found.findings.append(
            Finding("trigger", said("A trigger is an object such as {example}.", example='{"type": "webhook"}'))
        )


def _named(kind: Json) -> Json:
    return _trigger_names().get(kind, kind) if isinstance(kind, str) else kind


def _guess(config: JsonObject) -> str | None:
    """The trigger kind of a config that does not name it."""
    if any(key in config for key in _SCHEDULE_KEYS):
        return "cron"
    if "webhook_id" in config or any(key in config for key in _SECRET_KEYS):
        return "webhook"
    return "agent_event" if "event" in config else None


def _take_secret(found: Expanded, kind: Json, config: JsonObject) -> None:
    """The secret leaves the document, whatever the trigger is."""
    given = [name for name in _SECRET_KEYS if name in config]
    for name in given:
        found.secret = config.pop(name)
    if given and kind != "webhook":
        found.secret = None
        found.findings.append(Finding(f"trigger_config.{given[0]}", said("Only a webhook has a secret; take it away.")))


def _expand_cron(found: Expanded, config: JsonObject) -> None:
    zone = config.get("timezone")
    schedules = config.get("schedules")
    flat = schedules is None
    if flat:
        schedules = [dict(config)] if config else []
        config.clear()
    elif "timezone" in config:
        config.pop("timezone")
    if not isinstance(schedules, list):
        return
    expanded: list[Json] = []
    for index, each in enumerate(schedules[:1000]):
        one = {"cron": each} if isinstance(each, str) else each
        if isinstance(one, dict):
            at = ("trigger_config",) if flat else ("trigger_config", "schedules", index)
            one = _expand_schedule({"timezone": zone, **one}, at, found.findings)
        expanded.append(one)
    config["schedules"] = expanded


def _expand_schedule(raw: JsonObject, at: Iterable[str | int], findings: list[Finding]) -> JsonObject:
    try:
        return schedule.expand(raw)
    except ValueError as error:
        findings.append(Finding(place(at), reason(error)))
        return {"cron": "* * * * *"}  # stands in, so that the rest is still checked; the finding refuses the document


# actions --------------------------------------------------------------------------------------------------------------


def _expand_steps(steps: list[Json], at: Loc, findings: list[Finding]) -> list[Json]:
    return [_expand_step(step, (*at, index), findings) for index, step in enumerate(steps)]


def _expand_step(step: Json, at: Loc, findings: list[Finding]) -> Json:
    """The depth is bounded: the document was measured before."""
    if not isinstance(step, dict):
        return step
    config = step.get("config")
    if config is not None and not isinstance(config, dict):
        return step
    known = {name: value for name, value in step.items() if name in Step.model_fields and name != "config"}
    flat = {name: value for name, value in step.items() if name not in Step.model_fields and name != "timeout"}
    if "timeout" in step and "timeout_s" not in step:
        known["timeout_s"] = step["timeout"]
    if isinstance(attempts := known.get("retry"), int) and not isinstance(attempts, bool):
        known["retry"] = {"max_attempts": attempts}
    kind = known.get("type")
    if isinstance(kind, str):
        known["type"] = kind = ACTION_ALIASES.get(kind, kind)
    for name in sorted(flat.keys() & (config or {}).keys()):
        findings.append(Finding(place((*at, name)), said("{name} is given twice: here and in config.", name=name)))
    merged = _expand_config(kind, {**flat, **(config or {})}, at, findings)
    return {**known, "config": merged}


def _expand_config(kind: Json, config: JsonObject, at: Loc, findings: list[Finding]) -> JsonObject:
    if not isinstance(kind, str):
        return config
    for alias, name in _CONFIG_ALIASES.get(kind, {}).items():
        if alias in config and name not in config:
            config[name] = config.pop(alias)
    if kind == "http" and "body" in config and not config.keys() & {"json", "form", "text"}:
        body = config.pop("body")
        if body is not None:
            config["text" if isinstance(body, str) else "json"] = body
    for name in _INLINE_SECRETS.get(kind, ()):
        if name in config:
            del config[name]
            findings.append(
                Finding(
                    place((*at, "config", name)),
                    said(
                        "{name} is a secret and is not kept in an automation: save it as a connection and name that.",
                        name=name,
                    ),
                )
            )
    field = containers.field_of(kind, registry.actions())
    if field is not None and isinstance(inside := config.get(field), list):
        config[field] = _expand_steps(inside, (*at, "config", field), findings)
    return config
