"""An automation in one sentence, in English and French. Pure.

"When a webhook arrives, send a POST to api.example.com, then shape the data." Every kind of trigger and step says its
own clause (`blocks/words.py`); here they are joined the way the graph joins them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from blocks import registry
from blocks.action import Action
from blocks.trigger import Trigger
from blocks.values import Json, JsonObject
from blocks.words import LONGEST, Language, shortened
from core.automations.containers import DEEPEST, field_of

_TOLD: Final = (6, 3, 2, 1)  # steps, inside how many loops; of a longer list the rest is counted
_NAME: Final = 40  # characters of a type that is not installed

_THEN: Final = {"en": ", then ", "fr": ", puis "}
_TOGETHER: Final = {"en": " and at the same time ", "fr": " et en même temps "}
_IF_FAILED: Final = {"en": "if {step} fails, ", "fr": "si {step} échoue, "}
_IF_CHOSEN: Final = {"en": "in the case {case}, ", "fr": "dans le cas {case}, "}
_MORE: Final = {
    "en": {1: "1 more step", 2: "{count} more steps"},
    "fr": {1: "1 étape de plus", 2: "{count} étapes de plus"},
}
_NOTHING: Final = {"en": "nothing happens yet", "fr": "il ne se passe encore rien"}
_UNKNOWN_STEP: Final = {"en": "run “{name}”", "fr": "exécuter « {name} »"}
_UNKNOWN_TRIGGER: Final = {"en": "when “{name}” starts it", "fr": "quand « {name} » la déclenche"}


@dataclass(frozen=True, slots=True)
class Words:
    """`sentence` tells the whole, `steps` each step by its id, as a clause without capital and full stop."""

    sentence: str
    trigger: str | None = None
    steps: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Narrator:
    """Tells documents of the definition language, also unfinished ones."""

    actions: Mapping[str, Action[Any]]
    triggers: Mapping[str, Trigger[Any]]

    @classmethod
    def of(cls) -> "Narrator":
        """With everything that the folders of `blocks/` hold."""
        return cls(registry.actions(), registry.triggers())

    def tell(self, document: JsonObject, language: Language) -> Words:
        """What the automation of `document` does."""
        trigger = self._trigger(document, language)
        steps = _steps(document.get("actions"))
        told = self._joined(steps, language) or _NOTHING[language]
        whole = f"{trigger}, {told}" if trigger else told
        return Words(f"{whole[:1].upper()}{whole[1:]}.", trigger, dict(self._each(steps, language)))

    def _each(self, steps: Sequence[JsonObject], language: Language, depth: int = 0) -> Iterator[tuple[str, str]]:
        """Every step by its id, those inside loops too."""
        for step in steps:
            inside = self._inside(step, depth)
            told = self._joined(inside, language, depth + 1)
            clause = self._step(step, language)
            yield str(step.get("id")), shortened(f"{clause}, {told}", LONGEST) if told else clause
            yield from self._each(inside, language, depth + 1)

    def _inside(self, step: JsonObject, depth: int) -> list[JsonObject]:
        field, config = field_of(step.get("type"), self.actions), step.get("config")
        if field is None or not isinstance(config, dict) or depth >= DEEPEST:
            return []
        return _steps(config.get(field))

    def _trigger(self, document: JsonObject, language: Language) -> str | None:
        name, config = document.get("trigger_type"), document.get("trigger_config")
        if not isinstance(name, str):
            return None
        kind = self.triggers.get(name)
        if kind is None:
            return _UNKNOWN_TRIGGER[language].format(name=shortened(name, _NAME))
        return kind.sentence(config if isinstance(config, dict) else {}, language)

    def _step(self, step: JsonObject, language: Language) -> str:
        name, config = str(step.get("type")), step.get("config")
        action = self.actions.get(name)
        if action is None:
            return _UNKNOWN_STEP[language].format(name=shortened(name, _NAME))
        return action.sentence(config if isinstance(config, dict) else {}, language)

    def _joined(self, steps: Sequence[JsonObject], language: Language, depth: int = 0) -> str:
        """The clauses one after the other; a long list ends with how many steps there are besides. What a loop does
        stands in parentheses where more comes behind it."""
        if not steps:
            return ""
        text = ""
        before: Json = None
        most = _TOLD[depth]
        told = len(steps) if len(steps) <= most else max(most - 1, 1)
        for number, step in enumerate(steps[:told]):
            needs = step.get("needs")
            if number:
                text += (_TOGETHER if needs == before else _THEN)[language]
            text += f"{_condition(needs, language)}{self._step(step, language)}"
            if inside := self._joined(self._inside(step, depth), language, depth + 1):
                text += f", {inside}" if number + 1 == len(steps) else f" ({inside})"
            before = needs
        if left := len(steps) - told:
            text += _THEN[language] + _MORE[language][min(left, 2)].format(count=left)
        return text


def _steps(steps: Json) -> list[JsonObject]:
    return [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []


def _condition(needs: Json, language: Language) -> str:
    """When a step runs that hangs on one exit of another."""
    if not isinstance(needs, list) or len(needs) != 1:
        return ""
    step, _, outlet = str(needs[0]).partition(":")
    if not outlet:
        return ""
    pattern = _IF_FAILED if outlet == "error" else _IF_CHOSEN
    return pattern[language].format(step=step, case=outlet)
