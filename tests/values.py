"""Any value that fits a JSON Schema, by chance; and the same with expressions in it."""

import random
from collections.abc import Callable, Mapping
from typing import Any, Final

Schema = Mapping[str, Any]

TEXTS: Final = (
    "x",
    "Zürich",
    "na\u00efve \U0001f600 \u200f\u200e",
    'say "hi"',
    "a\\b",
    "line\nline\ttab",
    "<b>&amp;</b>",
    " around ",
    "null",
    "0",
    "{",
    "%",
)
KEYS: Final = ("a", "X-Event", "with space", "a.b", "0", "__proto__", "ключ", "constructor", "toString")
NUMBERS: Final = (0, 1, -1, 7, 1.5, 1e21, -0.001, 9007199254740991)
BY_FORMAT: Final[Mapping[str, tuple[str, ...]]] = {
    "connection": ("sales-slack", "0b6f0e3c-6f7e-4b9a-9a55-1e62f1f0c001"),
    "agent": ("sales_pro",),
    "channel": ("#general",),
    "automation": ("Other one",),
    "date-time": ("2099-01-31T18:00:00+01:00", "2099-12-01T00:00:00Z"),
    "email": ("ada@example.org",),
    "uri": ("https://example.org/a?b=c#d",),
}  # fmt: skip
MOST_DEPTH: Final = 6


class Made:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def value(self, schema: Schema, root: Schema, depth: int) -> Any:
        if "$ref" in schema:
            found: Any = root
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            return self.value(found, root, depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.chance.choice(schema["enum"])
        several = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
        if several:
            shallow = [each for each in several if "$ref" not in each] if depth > MOST_DEPTH else several
            return self.value(self.chance.choice(shallow or several), root, depth + 1)
        by_type: dict[str, Callable[[], Any]] = {
            "string": lambda: self.text(schema),
            "integer": lambda: self.number(schema, whole=True),
            "number": lambda: self.number(schema, whole=False),
            "boolean": lambda: self.chance.random() < 0.5,
            "null": lambda: None,
            "array": lambda: self.items(schema, root, depth),
            "object": lambda: self.fields(schema, root, depth),
        }
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = self.chance.choice(kind)
        return by_type[kind]() if kind else self.anything(depth)

    def text(self, schema: Schema) -> str:
        examples = [each for each in (*schema.get("examples", ()), schema.get("default")) if isinstance(each, str)]
        if schema.get("format") in BY_FORMAT:
            return self.chance.choice(BY_FORMAT[schema["format"]])
        if "pattern" in schema:
            return self.chance.choice(examples or ["a", "10", "a-b", "GET"])
        least, most = schema.get("minLength", 0), schema.get("maxLength", 500)
        text = self.chance.choice([*TEXTS, *examples, ""])
        return (text if len(text) >= least else text + "x" * (least - len(text)))[:most]

    def number(self, schema: Schema, *, whole: bool) -> float:
        least = schema.get("minimum", schema.get("exclusiveMinimum", -1_000_000))
        most = schema.get("maximum", schema.get("exclusiveMaximum", 1_000_000))
        found = self.chance.randint(int(least), int(most)) if whole else self.chance.uniform(least, most)
        return found if whole or self.chance.random() < 0.5 else round(found, 2)

    def items(self, schema: Schema, root: Schema, depth: int) -> list[Any]:
        if depth > MOST_DEPTH:
            return []
        least = schema.get("minItems", 0)
        count = self.chance.randint(least, max(least, min(schema.get("maxItems", 3), 3)))
        return [self.value(schema.get("items", {}), root, depth + 1) for _ in range(count)]

    def fields(self, schema: Schema, root: Schema, depth: int) -> dict[str, Any]:
        required, found = set(schema.get("required", ())), {}
        for name, each in schema.get("properties", {}).items():
            if name in required or (depth <= MOST_DEPTH and self.chance.random() < 0.4):
                found[name] = self.value(each, root, depth + 1)
        more = schema.get("additionalProperties")
        if more not in (None, False) and depth <= MOST_DEPTH:
            inner = more if isinstance(more, Mapping) else {}
            for key in self.chance.sample(KEYS, self.chance.randint(0, 3)):
                found[key] = self.value(inner, root, depth + 1)
        return found

    def anything(self, depth: int) -> Any:
        deep = depth > MOST_DEPTH - 2
        match self.chance.choice("tnbz" if deep else "tnbzlo"):
            case "t":
                return self.chance.choice([*TEXTS, ""])
            case "n":
                return self.chance.choice(NUMBERS)
            case "b":
                return self.chance.random() < 0.5
            case "z":
                return None
            case "l":
                return [self.anything(depth + 1) for _ in range(self.chance.randint(0, 3))]
        return {key: self.anything(depth + 1) for key in self.chance.sample(KEYS, self.chance.randint(0, 3))}

    def with_expressions(self, value: Any, readable: list[str]) -> Any:
        """Some texts and numbers become expressions, of what a step may name."""
        if isinstance(value, dict):
            return {key: self.with_expressions(each, readable) for key, each in value.items()}
        if isinstance(value, list):
            return [self.with_expressions(each, readable) for each in value]
        if isinstance(value, bool) or value is None or self.chance.random() > 0.25:
            return value
        names = ["trigger.data.lead", "previous.output", "run.id", *(f"steps.{each}.output" for each in readable)]
        path = self.chance.choice(names)
        return self.chance.choice([f"{{{{ {path} }}}}", f"Dear {{{{{path}|default('')}}}}, yours"])
