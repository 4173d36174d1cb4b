"""Rendering of configs: every string in a JSON value that holds a template becomes what the template gives, once.

Plain references are resolved here, in microseconds; everything else goes to a child, one trip for a whole value.
What comes out is data: nothing looks for templates in it again.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import TracebackType
from typing import Self

from jinja2 import TemplateSyntaxError, nodes

from blocks.errors import Retryable
from blocks.values import Json
from core.rendering import references
from core.rendering.pool import Breach, Pool, StartFailed
from core.rendering.references import MAX_SOURCE, Reference, failed, over_limit
from core.rendering.sandbox import Sandbox, read

Path = tuple[str, ...]

_environment = Sandbox()


class Renderer:
    """`async with Renderer() as renderer`: one for a process. `children` is the number of rendering processes."""

    def __init__(self, children: int = 2) -> None:
        self._pool = Pool(children)

    async def __aenter__(self) -> Self:
        await self._pool.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.__aexit__(kind, error, trace)

    async def warm(self) -> None:
        """Start the children now instead of with the first template that needs one."""
        await self._pool.warm()

    async def render(self, value: Json, context: Mapping[str, Json], *, workspace: str) -> Json:
        """`value` with its templates filled in; keys of objects are not templates.

        `context["steps"]` holds each step under its id and under its position as text, for `steps.0`.
        Raises `TemplateFailed` (`template_error`, `template_limit`); `Retryable` when no process can be started.
        """
        sources = list(dict.fromkeys(_programs(value)))
        answers = await self._render_in_child(sources, context, workspace) if sources else {}
        return _filled(value, context, answers)

    async def _render_in_child(
        self, sources: list[str], context: Mapping[str, Json], workspace: str
    ) -> dict[str, Json]:
        question: dict[str, Json] = {"sources": [*sources], "context": _needed(sources, context)}
        values = await self._ask(question, sources, workspace)
        return dict(zip(sources, values, strict=True))

    async def documents(
        self, sources: Sequence[tuple[str, bool]], context: Mapping[str, Json], *, workspace: str
    ) -> list[str]:
        """Texts of our own from values of theirs; with True beside a source its values are escaped for HTML.

        Raises as `render`.
        """
        question: Json = {"documents": [[source, html] for source, html in sources], "context": {**context}}
        values = await self._ask(question, [source for source, _ in sources], workspace)
        return [str(value) for value in values]

    async def check(self, source: str, *, workspace: str = "") -> str | None:
        """What is wrong with a template, as a sentence, found by compiling it; None when nothing is."""
        try:
            if _is_plain(source):
                return None
            _tree(source)
            await self._ask({"check": source}, [source], workspace)
        except references.TemplateFailed as error:
            return error.message
        return None

    async def _ask(self, question: Json, sources: list[str], workspace: str) -> list[Json]:
        try:
            match await self._pool.ask(question, workspace):
                case {"values": list(values)}:
                    return values
                case {"at": int(place), "limit": bool(limit), "why": str(why)}:
                    raise (over_limit if limit else failed)(sources[place], why)
                case _:
                    raise Breach("its process gave no sense")
        except Breach as error:
            others = f" (or one of {len(sources) - 1} others beside it)" if len(sources) > 1 else ""
            raise over_limit(sources[0], f"{error}{others}") from None
        except StartFailed as error:
            raise Retryable("templates_unavailable", f"Templates can't be rendered right now: {error}.") from error


def names(source: str) -> frozenset[Path]:
    """The paths into the context that a template refers to, as far as they are written out.

    `{{ steps.score.output.total | round }}` gives `("steps", "score", "output", "total")`; positions are text
    (`("steps", "0", ...)`). Names that the template makes itself (`set`, `for`) and functions are left out. A
    template with a syntax error names nothing.
    """
    try:
        if (parts := references.parse(source)) is not None:
            return frozenset(tuple(map(str, part.path)) for part in parts if isinstance(part, Reference))
        paths, own = _analysed(source)
    except references.TemplateFailed:
        return frozenset()
    return frozenset(path for path in paths if path[0] not in own)


def _is_plain(source: str) -> bool:
    """Whether no child is needed. Raises `TemplateFailed` when it is too long."""
    if len(source) > MAX_SOURCE // 4 and len(source.encode(errors="replace")) > MAX_SOURCE and "{" in source:
        raise over_limit(source, f"a template may have {MAX_SOURCE // 1024} kB")
    return references.parse(source) is not None


def _programs(value: Json) -> Iterable[str]:
    """The strings in `value` that take a child."""
    match value:
        case str():
            if "{" in value and not _is_plain(value):
                yield value
        case list():
            for item in value:
                yield from _programs(item)
        case dict():
            for item in value.values():
                yield from _programs(item)


def _filled(value: Json, context: Mapping[str, Json], answers: Mapping[str, Json]) -> Json:
    match value:
        case str():
            if "{" not in value:
                return value
            parts = references.parse(value)
            return answers[value] if parts is None else references.fill(value, parts, context)
        case list():
            return [_filled(item, context, answers) for item in value]
        case dict():
            return {key: _filled(item, context, answers) for key, item in value.items()}
    return value


def _needed(sources: Iterable[str], context: Mapping[str, Json]) -> dict[str, Json]:
    """What of the context the templates can reach, so that a child is not sent the outputs of a whole run."""
    paths = frozenset[Path]().union(*(_analysed(source)[0] for source in sources))
    needed = {root: context[root] for root in {path[0] for path in paths} if root in context}
    steps = needed.get("steps")
    named = [path[1] if len(path) > 1 else "" for path in paths if path[0] == "steps"]
    if isinstance(steps, dict) and all(name in steps for name in named):
        needed["steps"] = {name: steps[name] for name in named}
    return needed


@lru_cache(maxsize=1024)
def _analysed(source: str) -> tuple[frozenset[Path], frozenset[str]]:
    """The paths that a template names, and the names that it makes itself. Raises `TemplateFailed`."""
    tree = _tree(source)
    loaded = [found for found in tree.find_all(nodes.Name) if found.ctx == "load"]
    own = frozenset(found.name for found in tree.find_all(nodes.Name) if found.ctx != "load")
    own |= _environment.globals.keys()
    inside: set[int] = set()  # the inner parts of longer paths
    paths: set[Path] = set()
    for found in tree.find_all((nodes.Getattr, nodes.Getitem)):
        if id(found) not in inside and (path := _path(found, inside)):
            paths.add(path)
    paths.update((found.name,) for found in loaded if id(found) not in inside)
    return frozenset(paths), own


def _path(found: nodes.Node, inside: set[int]) -> Path | None:
    """The longest written-out path that `found` ends, its inner nodes noted in `inside`."""
    keys: list[str] = []
    chain: list[int] = []
    while isinstance(found, nodes.Getattr | nodes.Getitem):
        if isinstance(found, nodes.Getattr):
            keys.append(found.attr)
        elif isinstance(found.arg, nodes.Const):
            keys.append(str(found.arg.value))
        else:
            keys.clear()
        found = found.node
        chain.append(id(found))
    if not isinstance(found, nodes.Name):
        return None
    inside.update(chain)
    return (found.name, *reversed(keys))


def _tree(source: str) -> nodes.Template:
    """Raises `TemplateFailed`."""
    try:
        return read(_environment, source)
    except TemplateSyntaxError as error:
        raise failed(source, f"{(error.message or 'syntax error').rstrip('.')} (line {error.lineno})") from None
    except RecursionError:
        raise over_limit(source, "it is nested too deeply") from None
