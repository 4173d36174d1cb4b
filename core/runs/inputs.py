"""The input of a step as its record shows it: headers whose names say that they hold a secret are masked. Pure.

What goes on from a record gets them back from a fresh rendering of the step's config.
"""

from blocks.values import Json
from core.journal import MASK, names_a_secret


def shown(rendered: Json) -> Json:
    """The input to record; the very same object where there is nothing to mask."""
    if not isinstance(rendered, dict) or not isinstance(headers := rendered.get("headers"), dict):
        return rendered
    hidden = {name: MASK for name, given in headers.items() if given and names_a_secret(name)}
    return {**rendered, "headers": {**headers, **hidden}} if hidden else rendered


def is_masked(recorded: Json) -> bool:
    """Whether the record lacks what the step needs."""
    headers = recorded.get("headers") if isinstance(recorded, dict) else None
    return isinstance(headers, dict) and MASK in headers.values()


def restored(recorded: Json, rendered: Json) -> Json:
    """The recorded input with the headers that were masked as they are in `rendered`, the same input unmasked."""
    if not isinstance(recorded, dict) or not isinstance(rendered, dict):
        return recorded
    headers, fresh = recorded.get("headers"), rendered.get("headers")
    if not isinstance(headers, dict) or not isinstance(fresh, dict):
        return recorded
    back = {name: fresh[name] for name, value in headers.items() if value == MASK and name in fresh}
    return {**recorded, "headers": {**headers, **back}}
