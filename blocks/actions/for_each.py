"""The loop: runs the steps it contains once for each item of a list."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import BeforeValidator, Field, JsonValue

from blocks import paths
from blocks.action import Action, ActionContext, Effect, StepModel
from blocks.errors import InvalidInput
from blocks.outcomes import Expand
from blocks.sentences import Sentence, said
from blocks.values import Json, JsonObject
from blocks.words import Language, shortened

MOST_ITEMS: Final = 10_000
MOST_STEPS: Final = 50
_SOME_ITEMS: Final[dict[Language, str]] = {"en": "the items of a list", "fr": "cette liste"}
_SO_MANY: Final[dict[Language, str]] = {"en": "{count} items", "fr": "la liste ({count})"}


def _not_a_list(value: object) -> Sentence | None:
    """Why nothing can go through `value`, or None."""
    match value:
        case list() if len(value) > MOST_ITEMS:
            return said(
                "A loop takes at most {most} items, and these are {count}: take fewer at once.",
                most=MOST_ITEMS, count=len(value),
            )  # fmt: skip
        case list():
            return None
        case None:
            found: object = said("nothing (null)")
        case str():
            found = said("the text “{text}”", text=shortened(value, 40))
        case dict():
            found = said("an object; to go through a part of it name that, as in {{{{ previous.output.body.items }}}}")
        case _:
            found = value
    return said("A loop goes through a list, and this is {found}.", found=found)


def _literal(value: object) -> object:
    """A template may become a list; everything else is one or never will be."""
    if not (isinstance(value, str) and "{" in value) and (reason := _not_a_list(value)):
        raise ValueError(reason)
    return value


class ForEachInput(StepModel):
    items: Annotated[list[JsonValue] | str, BeforeValidator(_literal)] = Field(
        description="A list, or a template that gives one. Inside, {{ item }} is the item and {{ index }} its number."
    )
    concurrency: int = Field(default=1, ge=1, le=100, description="How many items at a time.")
    on_error: Literal["stop", "continue"] = Field(
        default="stop",
        description="When a step fails for an item: the loop fails, or it goes on and the item's result is null.",
    )
    steps: list[dict[str, JsonValue]] = Field(
        min_length=1,
        max_length=MOST_STEPS,
        description="As in `actions`. They need each other only; of the first, {{ previous.output }} is the item.",
    )


class ForEach(Action[ForEachInput]):
    name = "for_each"
    title: ClassVar[dict[str, str]] = {"en": "For each", "fr": "Pour chaque"}
    description: ClassVar[dict[str, str]] = {
        "en": "Run the steps inside once for each item of a list; gives the list of their results.",
        "fr": "Exécuter les étapes intérieures une fois par élément d'une liste ; donne la liste de leurs résultats.",
    }
    phrase: ClassVar[dict[str, str]] = {"en": "for each of {items}", "fr": "pour chaque élément de {items}"}
    Input = ForEachInput
    Output = None  # the list of what the last steps gave
    timeout_s = 10.0  # of working out the list; its items have the run's time
    category = "flow"
    contains = "steps"
    example: ClassVar[dict[str, Json]] = {
        "items": "{{ trigger.data.leads }}",
        "concurrency": 5,
        "on_error": "continue",
        "steps": [
            {
                "id": "send",
                "type": "http",
                "config": {"method": "POST", "url": "https://crm.example.com/leads", "json": "{{ item }}"},
            }
        ],
    }

    def blanks(self, config: JsonObject, language: Language) -> dict[str, str]:
        items = config.get("items")
        if isinstance(items, list):
            return {"items": _SO_MANY[language].format(count=len(items))}
        return {"items": _reference(items) or _SOME_ITEMS[language]}

    def effect(self, given: ForEachInput) -> Effect:
        return Effect.PURE

    async def run(self, given: ForEachInput, context: ActionContext) -> Expand:
        if isinstance(given.items, str):
            raise InvalidInput("invalid_input", str(_not_a_list(given.items)))
        return Expand(given.items, given.concurrency, given.on_error == "continue")


def _reference(items: Json) -> str | None:
    """The path of a template that is nothing but one: `trigger.data.leads`."""
    text = items.strip() if isinstance(items, str) else ""
    if not (text.startswith("{{") and text.endswith("}}")):
        return None
    path = text[2:-2].strip()
    try:
        paths.parse(path)
    except paths.BadPath:
        return None
    return None if set("{}") & set(path) else shortened(path, 40)
