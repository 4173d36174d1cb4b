"""The catalogue: every YAML file of the folder `catalog` is a template. A new one is one new file."""

from collections.abc import Hashable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import yaml
from pydantic import ValidationError

from core.places import place
from core.sentences import sentence
from core.templates.model import Template

FOLDER: Final = Path(__file__).parent / "catalog"
_SHOWN: Final = 5  # faults of a file


class BadTemplate(ValueError):
    """A file of the catalogue can't be used; the text names it, the place and what is wrong."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # libyaml's is ten times as fast
    """As YAML asks for: a name stands once in a mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} stands here twice", key.start_mark)
            seen.add(key.value)
        found: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return found


def read(folder: Path = FOLDER) -> Mapping[str, Template]:
    """Every template by its slug, in the order of the files' names. Raises `BadTemplate`."""
    found: dict[str, Template] = {}
    for file in sorted(folder.glob("*.yaml")):
        template = _template(file)
        if template.slug != file.stem:
            raise BadTemplate(f"{file}: slug: this must be {file.stem}, as the file is called, not {template.slug}.")
        found[template.slug] = template
    return MappingProxyType(found)


@cache
def catalog() -> Mapping[str, Template]:
    """Those that the product brings."""
    return read()


def _template(file: Path) -> Template:
    try:
        return Template.model_validate(yaml.load(file.read_text("utf-8"), _Loader))  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError) as error:
        raise BadTemplate(f"{file} can't be read: {error}.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}, column {mark.column + 1}:" if mark is not None else ""
        raise BadTemplate(f"{file}:{where} this is no YAML: {getattr(error, 'problem', None) or error}.") from error
    except ValidationError as error:
        faults = error.errors(include_url=False)
        told = "; ".join(f"{place(each['loc']) or 'the file'}: {sentence(each)}" for each in faults[:_SHOWN])
        raise BadTemplate(f"{file}: {told}") from error
