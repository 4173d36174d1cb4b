"""A partial change of an automation: JSON Merge Patch (RFC 7386), with the short forms allowed in the patch. Pure."""

from blocks.values import Json, JsonObject
from core.automations import reading, shortforms
from core.automations.reading import Reading

GUARDED = frozenset({"trigger_type", "trigger_config", "actions"})  # not to be changed under a running run


def merge(target: Json, patch: Json) -> Json:
    """RFC 7386: objects are merged, null takes away, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged: JsonObject = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def apply(document: JsonObject, raw: JsonObject) -> tuple[Reading, frozenset[str]]:
    """The document with the patch in it, read, and which of its fields the patch names.

    Another trigger type brings its own configuration: the old type's is not merged into it.
    """
    patch = shortforms.expand(raw)
    touched = frozenset(patch.document)
    before = document
    kind = patch.document.get("trigger_type")
    if kind is not None and kind != document.get("trigger_type"):
        before = {**document, "trigger_config": {}}
    merged = merge(before, patch.document)
    patch.document = merged if isinstance(merged, dict) else {}
    return reading.read_expanded(patch), touched
