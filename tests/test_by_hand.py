"""Browser tests drive the real thing: nothing is faked, nothing slept away, and what is under test is done by hand.

Each test in `tests/browser` (or its module, by `pytestmark`) says by `@pytest.mark.by_hand("POST /api/automations")`
which writes of the API a person does in the pages there. Neither the test nor a function that it uses may send one of
these itself; all else may be made through the API beforehand.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
BROWSER: Final = ROOT / "tests" / "browser"
WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# Methods of playwright: answers, scripts and clocks of ours in place of the product's, and waits for nothing.
UNREAL: Final = frozenset(a + b for a, b in (
    ("ro", "ute"), ("route_from", "_har"), ("route_web", "_socket"), ("wait_for", "_timeout"),
    ("add_init", "_script"), ("expose", "_function"), ("expose", "_binding"), ("clo", "ck")))  # fmt: skip
# The same in words: scripts in the page, and what is told to the debugger of the browser.
SPOKEN: Final = {
    "setTime" + "out": "a sleep inside the page",
    "setInter" + "val": "a sleep inside the page",
    "Fetch" + ".enable": "answers of the test's own",
    "setBypass" + "CSP": "the Content-Security-Policy set aside",
    "bypass" + "_csp": "the Content-Security-Policy set aside",
}
FETCHES: Final = re.compile(r"\bfetch\(.*\b(?:POST|PUT|PATCH|DELETE)\b", re.S)
CLIENTS: Final = frozenset({"aiohttp", "http", "httpx", "requests"})
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef
Unit = dict[str, Function]  # functions by name

# faked, set aside, slept away ----------------------------------------------------------------------------------------


def unreal(name: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Attribute) and node.attr in UNREAL:
            yield f"{name}:{line} {node.attr}: neither answers of the test's own, nor waits for nothing"
        if isinstance(node, ast.Attribute) and node.attr == "sleep":
            yield f"{name}:{line} a fixed sleep: wait for what comes (expect, until)"
        if isinstance(node, ast.ImportFrom) and "sleep" in {each.name for each in node.names}:
            yield f"{name}:{line} a fixed sleep: wait for what comes (expect, until)"
        if isinstance(node, ast.keyword) and node.arg == "bypass" + "_csp":
            yield f"{name}:{node.value.lineno} the Content-Security-Policy set aside"
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (f"{name}:{line} {fault}" for word, fault in SPOKEN.items() if word in node.value)
            if FETCHES.search(node.value):
                yield f"{name}:{line} a write sent by a script in the page: a person has only the page"
        if _imported(node) & CLIENTS:
            yield f"{name}:{line} a client of its own: the API is asked by `Person`"
        if isinstance(node, ast.Call) and _dotted(node.func) in ("getattr", "methodcaller"):
            yield f"{name}:{line} a method by its name in quotes: no rule can read which"
        if isinstance(node, ast.Attribute) and node.attr in ("session", "_session") and _dotted(node.value) == "person":
            yield f"{name}:{line} a client of its own: the API is asked by `Person.send`"
        if isinstance(node, ast.Attribute) and node.attr == "request" and _dotted(node.value) in ("page", "context"):
            yield f"{name}:{line} the API asked by the browser's session: a person has only the page"


def _imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {each.name.partition(".")[0] for each in node.names}
    return {(node.module or "").partition(".")[0]} if isinstance(node, ast.ImportFrom) else set()


# done by hand --------------------------------------------------------------------------------------------------------


def sent(function: Function) -> Iterator[tuple[int, str]]:
    """The writes to the API, `POST /api/channels/{}/messages`; what no rule can read is `?`."""
    for call in ast.walk(function):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        if call.func.attr == "create" and _dotted(call.func.value) == "person":
            yield call.lineno, "POST /api/automations"
        if call.func.attr != "send" or not call.args:
            continue
        method = call.args[0].value if isinstance(call.args[0], ast.Constant) else None
        if method == "GET" or any(each.arg == "anonymous" for each in call.keywords):
            continue  # the world outside has no account
        if isinstance(call.args[0], ast.Constant) and re.fullmatch(r"[A-Z]\w+\.\w+", str(call.args[0].value)):
            continue  # to the debugger of the browser: `Page.crash`
        path = _path(call.args[1]) if method in WRITES and len(call.args) > 1 else None
        yield call.lineno, f"{method} {path}" if path else "?"


def _path(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    elif isinstance(node, ast.JoinedStr):
        text = "".join(str(each.value) if isinstance(each, ast.Constant) else "{}" for each in node.values)
    else:
        return None
    return text.partition("?")[0] if text.startswith("/api/") else None


def claimed(function: Function, tree: ast.Module) -> set[str]:
    """What a test says that it does by hand, itself or by its module."""
    marks = list(function.decorator_list)
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets):
            marks += node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
    return {
        str(ast.literal_eval(argument))
        for mark in marks
        if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Attribute) and mark.func.attr == "by_hand"
        for argument in mark.args
    }


def reached(function: Function, units: Unit, seen: set[str]) -> Iterator[Function]:
    """A test and the functions of `tests/browser` that it uses."""
    yield function
    for node in ast.walk(function):
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if name in units and name not in seen:
            seen.add(name)
            yield from reached(units[name], units, seen)


def by_hand(name: str, tree: ast.Module, elsewhere: Unit, operations: set[str]) -> Iterator[str]:
    units = elsewhere | {node.name: node for node in tree.body if isinstance(node, _FUNCTION)}
    for test in tree.body:
        if not isinstance(test, _FUNCTION) or not test.name.startswith("test_"):
            continue
        hands = claimed(test, tree)
        if not hands:
            yield f"{name}:{test.lineno} {test.name} does not say what is done by hand in it"
        for unknown in sorted(hands - operations):
            yield f"{name}:{test.lineno} {test.name}: the API has no {unknown}"
        taboo = {_plain(each) for each in hands}
        for function in reached(test, units, {test.name}):
            for line, write in sent(function):
                if write == "?":
                    yield f"{name}:{line} {function.name} sends what can't be read here: write method and path out"
                elif _plain(write) in taboo:
                    yield f"{name}:{line} {test.name} sends {write}, which it says is done by hand"


def _plain(operation: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", operation)


def _dotted(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


# the checks ----------------------------------------------------------------------------------------------------------


def trees() -> dict[str, ast.Module]:
    return {str(file.relative_to(ROOT)): ast.parse(file.read_text()) for file in sorted(BROWSER.rglob("*.py"))}


def operations() -> set[str]:
    """As docs/api.md lists them, which is held against the API by `tests/test_docs.py`."""
    rows = re.findall(r"^\| `([A-Z, ]+) (/\S+)` \|", (ROOT / "docs" / "api.md").read_text(), re.M)
    return {f"{method} {path}" for methods, path in rows for method in methods.split(", ")}


def test_nothing_is_faked_set_aside_or_slept_away() -> None:
    found = [finding for name, tree in trees().items() for finding in unreal(name, tree)]
    assert not found, "\n".join(found)


def test_what_is_under_test_is_done_by_hand() -> None:
    all_trees, known = trees(), operations()
    shared = {
        node.name: node
        for name, tree in all_trees.items()
        for node in tree.body
        if isinstance(node, _FUNCTION) and not node.name.startswith(("test_", "_"))
    }
    found = [finding for name, tree in all_trees.items() for finding in by_hand(name, tree, shared, known)]
    assert not found, "\n".join(found)


BAD: Final[dict[str, Callable[[str, ast.Module], Iterator[str]]]] = {
    "async def test_x(page):\n    await page.ro" + "ute('**', answer)": unreal,
    "async def test_x(browser):\n    await browser.new_context(bypass" + "_csp=True)": unreal,
    "async def test_x(page):\n    await page.wait_for" + "_timeout(50)": unreal,
    "import asyncio\nasync def test_x():\n    await asyncio.sleep(1)": unreal,
    "from time import sleep\n": unreal,
    "async def test_x(page):\n    await page.evaluate('new Promise(r => setTime" + "out(r, 9))')": unreal,
    "async def test_x(page):\n    await page.evaluate('setInter" + "val(look, 9)')": unreal,
    "import asyncio as aio\nasync def test_x():\n    await aio.sleep(1)": unreal,
    "async def test_x(page):\n    await page.add_init" + "_script('window.fetch = answer')": unreal,
    "async def test_x(page):\n    await page.clo" + "ck.install()": unreal,
    "async def test_x(page):\n    await page.request.post('/api/automations')": unreal,
    "async def test_x(page):\n    await page.evaluate(\"fetch('/api/x', {method: 'POST'})\")": unreal,
    "async def test_x(session):\n    await session.send('Page.setBypass" + "CSP', {'enabled': True})": unreal,
    "async def test_x(session):\n    await session.send('Fetch" + ".enable')": unreal,
    "async def test_x(browser):\n    await browser.new_context(**{'bypass" + "_csp': True})": unreal,
    "import httpx\n": unreal,
    "async def test_x(page):\n    await getattr(page, 'ro' + 'ute')('**', answer)": unreal,
    "async def test_x(person):\n    await person.session.post('/api/automations')": unreal,
}
HAND: Final = "@pytest.mark.by_hand('POST /api/automations')\nasync def test_x(person):\n    "
BY_HAND: Final = (
    "async def test_x(page):\n    pass",
    HAND.replace("automations", "nothing") + "pass",
    HAND + "await person.create({})",
    HAND + "await person.send('POST', '/api/automations?as_draft=true', {})",
    HAND + "await make(person)\nasync def make(person):\n    await person.create({})",
    HAND + "await shared(person)",
    HAND + "await person.send('POST', path, {})",
    HAND.replace("automations'", "channels/{channel_id}/messages'") +
    "await person.send('POST', f'/api/channels/{x}/messages', {})",
)  # fmt: skip
ELSEWHERE: Final[Unit] = {
    node.name: node
    for node in ast.parse("async def shared(person):\n    await person.create({})").body
    if isinstance(node, _FUNCTION)
}


@pytest.mark.parametrize("example", BAD)
def test_the_rule_finds_what_is_unreal(example: str) -> None:
    assert list(BAD[example]("tests/browser/test_x.py", ast.parse(example)))


@pytest.mark.parametrize("example", BY_HAND)
def test_the_rule_finds_what_is_not_done_by_hand(example: str) -> None:
    known = {"POST /api/automations", "POST /api/channels/{channel_id}/messages"}
    assert list(by_hand("tests/browser/test_x.py", ast.parse(example), ELSEWHERE, known))


def test_what_comes_before_may_be_made_through_the_api() -> None:
    good = HAND + "await person.send('POST', f'/api/channels/{x}/messages', {})\n    await person.get('/api/me')"
    assert list(by_hand("tests/browser/test_x.py", ast.parse(good), ELSEWHERE, {"POST /api/automations"})) == []
