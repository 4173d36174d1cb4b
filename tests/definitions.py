"""Valid definitions by chance, the same for the same seed: every action and trigger of the catalogue, loops in loops,
branches, error paths, merges, policies, layouts, expressions and odd texts.

    python -m tests.definitions 200        as JSON, for the tests of the editor
"""

import asyncio
import json
import random
import sys
from typing import Any, Final

from jinja2 import Environment, TemplateSyntaxError
from pydantic import ValidationError

from blocks import registry
from blocks.action import Action
from core.automations.check import Checker
from core.automations.definition import Policy, Retry, canonical
from core.automations.outgoing import refusing
from core.automations.reading import read
from core.outgoing.addresses import Policy as Addresses
from tests.values import Made


class Parsed:
    """Templates are read in this process: they are our own."""

    async def check(self, source: str, *, workspace: str = "") -> str | None:
        try:
            Environment().parse(source)
        except TemplateSyntaxError as error:
            return str(error)
        return None


CHECKER: Final = Checker.of(Parsed(), refusing(Addresses.of((), None)))
NAMES: Final = ("Lead → CRM", "Commandes d’été", "  'quoted' \"twice\"", "a\\b {{ no template }}", "😀 名前", "x" * 200)
IDS: Final = ("a", "send_mail", "x" * 40, "s1", "error", "constructor", "to_json", "item", "length")
TRIES: Final = 12


class Drawn:
    """One definition. `number` decides which kinds it must hold, so that a hundred of them hold every kind."""

    def __init__(self, number: int) -> None:
        self.chance = random.Random(number)
        self.number = number
        self.made = Made(self.chance)
        self.ids = iter(self._names())
        self.actions = sorted(registry.actions())

    def _names(self) -> list[str]:
        odd = self.chance.sample(IDS, 3)
        return [*odd, *(f"step_{number}" for number in range(60))]

    def document(self) -> dict[str, Any]:
        kinds = sorted(registry.triggers().items())
        name, kind = kinds[self.number % len(kinds)]
        steps = self.steps(0)
        everything = [step["id"] for step in _all(steps)]
        return {
            "name": f"{self.chance.choice(NAMES).strip()[:190]} {self.number}",
            "description": self.chance.choice([None, "", "Two\nlines, and a tab\t."]),
            "trigger_type": name,
            "trigger_config": self.fitting(kind.Config, kind.example),
            "actions": steps,
            "policy": self.fitting(Policy, {}),
            "layout": self.chance.choice([{}, self.layout(everything)]),
        }

    def layout(self, ids: list[str]) -> dict[str, Any]:
        """Of some blocks, and of one that is gone."""
        kept = [each for each in ids if self.chance.random() < 0.7]
        return {
            each: {"x": self.chance.randint(-900, 900), "y": self.chance.random() * 999} for each in [*kept, "gone"]
        }

    def steps(self, depth: int) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = []
        for index in range(self.chance.randint(1, (7, 3, 2)[depth])):
            due = self.actions[(self.number + index * 7) % len(self.actions)] if depth == 0 else None
            steps.append(self.step(steps, depth, due))
        return steps

    def step(self, before: list[dict[str, Any]], depth: int, due: str | None) -> dict[str, Any]:
        chance, step_id = self.chance, next(self.ids)
        known = registry.actions()
        deep = ["for_each"] if depth < 2 else []
        action = known[due or chance.choice([*(name for name in self.actions if name != "for_each"), *deep])]
        if depth > 0 and not action.repeats:
            action = known["transform"]
        chosen = chance.sample(before, min(len(before), chance.choice([0, 1, 1, 1, 2, 3])))
        needs = [chance.choice(_exits(each)) for each in before if each in chosen]
        config = self.config(action, depth, [need for need in needs if ":" not in need])
        return {
            "id": step_id,
            "type": action.name,
            "config": config,
            "needs": needs,
            "join": chance.choice(["all", "any"]),
            "retry": chance.choice([None, self.fitting(Retry, {})]),
            "timeout_s": chance.choice([None, 0.5, 60, 86_400]),
            "on_error": chance.choice(["fail", "continue"]),
            "approval_required": chance.random() < 0.1,
            "in_doubt": chance.choice([None, "ask", "repeat", "skip"]),
        }

    def config(self, action: Action[Any], depth: int, readable: list[str]) -> dict[str, Any]:
        for _ in range(TRIES):
            config = self.fitting(action.Input, action.example, [])
            if action.contains:
                config.pop(action.contains, None)
            if _is_fine(action, config):
                break
        else:
            config = {name: value for name, value in action.example.items() if name != action.contains}
        if readable and not action.leads_to:
            config = self.made.with_expressions(config, readable)
        if action.contains:
            config[action.contains] = self.steps(depth + 1)
        return config

    def fitting(self, model: Any, example: dict[str, Any], readable: list[str] | None = None) -> dict[str, Any]:
        """A value of a model, as somebody may have stored it: some fields left out, others null or an expression."""
        schema = model.model_json_schema(by_alias=True)
        for _ in range(TRIES):
            found: dict[str, Any] = self.made.value(schema, schema, 0)
            try:
                model.model_validate(found)
            except ValidationError:
                continue
            return self.made.with_expressions(found, readable) if readable is not None else found
        return dict(example)


def _exits(step: dict[str, Any]) -> list[str]:
    outlets = registry.actions()[step["type"]].outlets(step["config"])
    return [step["id"], step["id"], f"{step['id']}:error", *(f"{step['id']}:{each}" for each in outlets)]


def _all(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [inner for step in steps for inner in (step, *_all(step["config"].get("steps", [])))]


def _is_fine(action: Action[Any], config: dict[str, Any]) -> bool:
    inside = {action.contains: [{"id": "in", "type": "transform", "config": {"value": 1}}]} if action.contains else {}
    step = {"id": "one", "type": action.name, "config": {**config, **inside}, "needs": []}
    return _errors({"name": "n", "trigger_type": "manual", "actions": [step]}) == []


def _errors(document: dict[str, Any]) -> list[str]:
    reading = read(document)
    if reading.definition is None or reading.findings:
        return [each.message for each in reading.findings]
    found = asyncio.run(CHECKER.check(reading.definition))
    return [f"{each.at}: {each.message}" for each in found if each.severity == "error"]


def generated(count: int) -> list[dict[str, Any]]:
    """That many, as the API stores them."""
    found: list[dict[str, Any]] = []
    number = 0
    while len(found) < count:
        document = Drawn(number).document()
        number += 1
        definition = read(document).definition
        if definition is not None and not _errors(document):
            found.append(dict(canonical(definition)))
        assert number < count * 4, "too many that are not valid"
    return found


if __name__ == "__main__":
    json.dump(generated(int(sys.argv[1])), sys.stdout)
