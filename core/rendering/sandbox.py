"""The template language: Jinja with nothing to reach but JSON.

Attributes are looked up by an allow list (fields of objects first, then a few methods), so that no Python internals
can be named; Jinja's own sandbox is the second wall, the child process (`child.py`) the one that counts.
`read` is the only thing done outside of a child: it neither folds constants nor runs anything.
"""

from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, nodes
from jinja2.environment import TemplateExpression
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from core.rendering.filters import ALLOWED_FILTERS, ALLOWED_TESTS, bounded_range
from core.rendering.lookup import into
from core.rendering.words import as_text, contents

MAX_DEPTH = 100  # levels of a value that a template makes

_NO_VALUE = "the result is a function, not a value"

_OF_OBJECTS = "get items keys values"
_OF_TEXT = "capitalize count endswith find isdigit lower lstrip rstrip split splitlines startswith strip title upper"
_OF_LOOPS = "cycle changed depth depth0 first index index0 last length nextitem previtem revindex revindex0"
_METHODS: tuple[tuple[type, frozenset[str]], ...] = (
    (dict, frozenset(_OF_OBJECTS.split())),
    (str, frozenset(_OF_TEXT.split())),
    (LoopContext, frozenset(_OF_LOOPS.split())),
)
_FORBIDDEN = {
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Extends: "extends",
    nodes.Block: "block",
}


class Missing(StrictUndefined):
    """A name that is not there: an error as soon as it is used, `default` and `is defined` excepted."""

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        if self._undefined_obj is missing:
            return f"there is no {self._undefined_name!r}"
        key: str | int | None = self._undefined_name  # Jinja's annotation forgets list positions
        what = f"item {key}" if isinstance(key, int) else f"field {key!r}"
        return f"there is no {what}; what is there {contents(self._undefined_obj)}"


class Function:
    """Something that a template may call and may not look at."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., object]) -> None:
        self._call = call

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self._call(*args, **kwargs)

    def __str__(self) -> str:
        raise TypeError(_NO_VALUE)


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment of every template."""

    def __init__(self, *, autoescape: bool = False) -> None:
        super().__init__(
            undefined=Missing, finalize=_finalize, keep_trailing_newline=True, cache_size=0, autoescape=autoescape
        )
        self.filters = dict(ALLOWED_FILTERS)
        self.tests = dict(ALLOWED_TESTS)
        self.globals = {"range": Function(bounded_range)}

    def getattr(self, obj: object, attribute: str) -> object:
        found = self.getitem(obj, attribute)
        if isinstance(found, Undefined) and not isinstance(obj, Undefined):
            for kind, methods in _METHODS:
                if isinstance(obj, kind) and attribute in methods:
                    value = getattr(obj, attribute)
                    return Function(value) if callable(value) else value
        return found

    def getitem(self, obj: object, argument: object) -> object:
        if isinstance(obj, Undefined):
            return obj  # so that `{{ a.b.c | default("x") }}` works however early the path ends
        try:
            return into(obj, argument)
        except LookupError:
            name = argument if isinstance(argument, str | int) else type(argument).__name__
            return self.undefined(obj=obj, name=name)  # type: ignore[arg-type] # Jinja's own code gives numbers too


def _finalize(value: object) -> str:
    return as_text(plain(value))


def plain(value: object, depth: int = 0) -> object:
    """`value` as JSON: what filters give lazily becomes a list. Raises `TypeError` for what is no data."""
    if isinstance(value, Undefined):
        str(value)  # raises with the name
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return str(value)  # Markup too
    if depth >= MAX_DEPTH:
        raise OverflowError(f"a value has more than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        return {as_text(key): plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | range | Iterator | KeysView | ValuesView | ItemsView):
        return [plain(inner, depth + 1) for inner in value]
    raise TypeError(_NO_VALUE)


def read(environment: Sandbox, source: str) -> nodes.Template:
    """The syntax tree. Raises `TemplateSyntaxError`, `RecursionError`."""
    tree = environment.parse(source)
    for kind, name in _FORBIDDEN.items():
        if found := tree.find(kind):
            raise TemplateSyntaxError(f"{name!r} is not available", found.lineno)
    return tree


def _whole(tree: nodes.Template) -> nodes.Expr | None:
    """The expression that a template consists of, if there is nothing beside it."""
    match tree.body:
        case [nodes.Output(nodes=[expression])] if not isinstance(expression, nodes.TemplateData):
            return expression
    return None


Program = Callable[[Mapping[str, object]], object]


def program(environment: Sandbox, source: str) -> Program:
    """Compile `source` into a function of the context that gives a JSON value; text, if it is not one expression.

    Constants are folded here already, so this belongs into a child.
    """
    tree = read(environment, source)
    expression = _whole(tree)
    if expression is None:
        template = environment.from_string(tree)
        return template.render
    body: list[nodes.Node] = [nodes.Assign(nodes.Name("result", "store"), expression, lineno=1)]
    compiled = TemplateExpression(environment.from_string(nodes.Template(body, lineno=1)), undefined_to_none=False)
    return lambda context: plain(compiled(context))


def document(environment: Sandbox, source: str) -> Program:
    """The same for a text that stays one, whatever it consists of: with `autoescape` every value in it is escaped."""
    return environment.from_string(read(environment, source)).render
