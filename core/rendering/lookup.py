"""One step along a path through JSON: the same for plain references and inside Jinja."""

from collections.abc import Mapping

from core.rendering.words import is_index


def into(value: object, key: object) -> object:
    """The field or item `key` of `value`; a number also finds the field of that name. Raises `LookupError`."""
    if isinstance(value, Mapping) and (isinstance(key, str) or is_index(key)):
        return value[str(key)]
    if isinstance(value, list | tuple | str) and is_index(key):
        return value[key]
    raise LookupError(key)
