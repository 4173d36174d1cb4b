"""No template gets out of its child, costs more than its budget, or slows another workspace down."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from blocks.errors import Retryable
from core.rendering.references import TemplateFailed
from core.rendering.renderer import Renderer, names
from tests.security.bombs import BOMBS, LOOPS
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def renderer() -> AsyncIterator[Renderer]:
    async with Renderer() as found:
        yield found


ESCAPES = [
    "{{ ''.__class__ }}", "{{ ''.__class__.__mro__[1].__subclasses__() }}", "{{ ''['__class__'] }}",
    "{{ [].__class__.__base__ }}", "{{ ().__class__ }}", "{{ {}.__class__ }}", "{{ (1).__class__ }}",
    "{{ self }}", "{{ self.__init__.__globals__ }}", "{{ self._TemplateReference__context }}",
    "{{ lipsum() }}", "{{ lipsum.__globals__['os'].popen('id').read() }}", "{{ cycler.__init__.__globals__ }}",
    "{{ joiner }}", "{{ namespace() }}", "{{ dict(a=1) }}", "{{ config }}", "{{ request }}",
    "{{ get_flashed_messages() }}",
    "{{ url_for.__globals__ }}", "{{ range.__init__ }}", "{{ range.__globals__ }}", "{{ x|attr('__class__') }}",
    "{{ ''|attr('__class__') }}", "{{ '%s'.format('a') }}", "{{ '{0.__class__}'.format('') }}",
    "{{ '{x}'.format_map({'x': 1}) }}", "{{ ['a'] | map('attr', '__class__') | list }}",
    "{{ ['a'] | map(attribute='__class__') | list }}", "{{ [''] | map(attribute='__class__.__mro__') | list }}",
    "{{ [''] | selectattr('__class__') | list + [1 / 0] }}", "{{ [''] | sort(attribute='__class__') | map('x') }}",
    "{{ [''] | groupby('__class__') }}", "{{ [1] | sum(attribute='__class__') }}", "{{ trigger.data.pop('a') }}",
    "{{ trigger.data.update({'a': 1}) }}", "{{ trigger.data.list.append(1) }}", "{{ trigger.data.clear() }}",
    "{{ loop }}{{ 1 }}", "{% for x in [1] %}{{ loop.__class__ }}{% endfor %}",
    "{% for x in [1] %}{{ loop._iterator }}{% endfor %}", "{% macro m() %}{% endmacro %}{{ m.__globals__ }}",
    "{% macro m() %}{% endmacro %}{{ m._func }}", "{% macro m() %}{{ caller.__class__ }}{% endmacro %}{{ m() }}",
    "{% include '/etc/passwd' %}", "{% import 'os' as o %}", "{% from 'os' import path %}",
    "{% extends '/etc/passwd' %}",
    "{% block x %}{% endblock %}", "{% do x %}", "{% debug %}", "{{ debug }}", "{{ _ }}", "{{ environment }}",
    "{{ context }}", "{{ __builtins__ }}", "{{ __import__('os') }}", "{{ open('/etc/passwd').read() }}",
    "{{ eval('1') }}",
    "{% set ns.x = 1 %}", "{{ [].sort.__self__ }}", "{{ 'a'.join.__self__ }}", "{{ trigger.__class__ }}",
    "{{ (trigger|items).gi_frame }}", "{{ [1] | batch(1) | map(attribute='gi_frame') | list }}", "{{ '' | xmlattr }}",
    "{{ '' | pprint }}", "{{ [1] | random }}", "{{ '' | filesizeformat }}", "{{ '' | format }}", "{{ 1 is callable }}",
    "{{ 1 is filter }}",
]  # fmt: skip

CONTEXT = {"trigger": {"data": {"a": 1, "list": [1]}}, "x": 9}


async def test_there_are_enough_payloads() -> None:
    assert len(ESCAPES) >= 40
    assert len(BOMBS) >= 40


async def outcome(renderer: Renderer, source: str) -> tuple[str | None, str]:
    """The code of the error, if there is one, and everything that the template's author gets to see."""
    try:
        return None, str(await renderer.render(source, CONTEXT, workspace="w"))
    except TemplateFailed as error:
        return error.code, error.message.removeprefix(source)


@pytest.mark.parametrize("source", ESCAPES)
async def test_nothing_but_json_can_be_reached(renderer: Renderer, source: str) -> None:
    code, seen = await outcome(renderer, source)
    assert code in (None, "template_error")
    for sign in ("<class", "<function", "<bound", "<built-in", "<module", " at 0x", "root:", "uid="):
        assert sign not in seen, (source, seen)


@pytest.mark.parametrize("source", BOMBS)
async def test_a_bomb_fails_within_its_budget(renderer: Renderer, source: str) -> None:
    begin = time.monotonic()
    with pytest.raises(TemplateFailed):
        await renderer.render(source, CONTEXT, workspace="w")
    assert time.monotonic() - begin < 8  # 2 s, and the time to get a turn on a busy machine
    assert await renderer.render("{{ 1 + 1 }}", CONTEXT, workspace="w") == 2


@pytest.mark.parametrize("source", BOMBS)
async def test_check_and_names_survive_a_bomb(renderer: Renderer, source: str) -> None:
    begin = time.process_time()
    names(source)
    assert time.process_time() - begin < 0.5  # CPU in this very process: parsing folds nothing
    told = await renderer.check(source)
    assert told is None or told.endswith(".")


async def test_a_compile_bomb_falls_at_check(renderer: Renderer) -> None:
    told = await renderer.check("{{ 9 ** (9 ** 8) }}")
    assert told is not None
    assert "too" in told


async def test_reading_in_process_stays_cheap() -> None:
    for piece in (
        "{{a}}",
        "{{a|b}}",
        "{% if a %}",
        "{{ a.b.c }}",
        "{# ",
        "{{'",
        "{{ a[",
        "(",
        "{%",
        "{{ a if b else c }}",
        "}}",
    ):
        source = (piece * (16_384 // len(piece)))[:16_384]
        begin = time.process_time()
        names(source)
        assert time.process_time() - begin < 3.0, piece


async def test_a_second_workspace_stays_fast_while_bombs_run() -> None:
    async with Renderer(children=2) as renderer:
        await renderer.warm()
        bombs = [asyncio.create_task(_swallow(renderer, LOOPS)) for _ in range(2)]
        times = []
        while not all(bomb.done() for bomb in bombs):
            begin = time.monotonic()
            assert await renderer.render("{{ x + 1 }}", CONTEXT, workspace="good") == 10
            times.append(time.monotonic() - begin)
            await asyncio.sleep(0.02)
        times.sort()
        assert len(times) > 20
        assert times[len(times) // 2] < 0.2  # seconds; a bomb takes 2
        assert [await bomb for bomb in bombs] == ["template_limit"] * 2


async def _swallow(renderer: Renderer, source: str) -> str:
    with pytest.raises(TemplateFailed) as caught:
        await renderer.render(source, CONTEXT, workspace="bad")
    return caught.value.code


def _children() -> set[int]:
    found = set()
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            command = (place / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == os.getpid() and b"core.rendering.child" in command:
            found.add(int(place.name))
    return found


def _nice(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[16])


async def test_a_question_that_takes_long_lets_all_others_go_first() -> None:
    """The process of one that took long is replaced, as it can't get its place back."""
    before = _children()
    async with Renderer(children=1) as renderer:
        await renderer.warm()
        (first,) = _children() - before
        assert os.getsid(first) == first
        assert _places_in_line(first) == [5, 5]
        seen: set[int] = set()

        async def last() -> bool:
            seen.update(pid for pid in _children() - before if _places_in_line(pid) == [19, 19])
            return bool(seen)

        asked = asyncio.create_task(_ask_without_end(renderer))
        try:
            await until(last, seconds=30)
        finally:
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
        assert await renderer.render("{{ 1 + 1 }}", {}, workspace="w") == 2
        (other,) = _children() - before
        assert other not in seen
        assert _places_in_line(other) == [5, 5]


async def _ask_without_end(renderer: Renderer) -> None:
    while True:
        await outcome(renderer, LOOPS)


def _places_in_line(pid: int) -> list[int]:
    """How nice the process is, and its session where the kernel weighs sessions. Empty once it is gone."""
    try:
        own = _nice(pid)
        group = Path(f"/proc/{pid}/autogroup")
        return [own, int(group.read_text().split()[-1]) if group.exists() else own]
    except OSError:
        return []


async def test_a_child_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VUTLER_SECRET_KEY", "s3cret")
    before = _children()
    async with Renderer(children=1) as renderer:
        await renderer.warm()
        (pid,) = _children() - before
        place = Path(f"/proc/{pid}")
        assert place.joinpath("environ").read_bytes() == b""
        assert sorted(int(file.name) for file in place.joinpath("fd").iterdir()) == [0, 1, 2]
        assert place.joinpath("cwd").readlink() == Path("/")
        limits = {
            line[:26].strip(): line[26:].split()[:2] for line in place.joinpath("limits").read_text().splitlines()
        }
        assert limits["Max address space"] == [str(256 * 1024 * 1024)] * 2
        assert limits["Max open files"] == ["3", "3"]
        assert limits["Max file size"] == ["0", "0"]
        assert _nice(pid) == 5
        await renderer.render("{{ 1 + 1 }}", {}, workspace="w")
        cpu = place.joinpath("limits").read_text().split("Max cpu time")[1].split()[0]
        assert 1 <= int(cpu) <= 4
    assert not _children() - before


async def test_a_child_that_dies_is_replaced() -> None:
    before = _children()
    async with Renderer(children=1) as renderer:
        await renderer.warm()
        (pid,) = _children() - before
        os.kill(pid, 9)
        assert await renderer.render("{{ 1 + 1 }}", {}, workspace="w") == 2
        assert _children() - before != {pid}


async def test_a_child_that_stands_still_is_given_up() -> None:
    """The wall deadline is the parent's: no limit of the child's CPU ever ends this one."""
    before = _children()
    async with Renderer(children=1) as renderer:
        await renderer.warm()
        (pid,) = _children() - before
        os.kill(pid, signal.SIGSTOP)
        begin = time.monotonic()
        assert (await outcome(renderer, "{{ 1 + 1 }}"))[0] == "template_limit"
        assert time.monotonic() - begin < 4
        assert await outcome(renderer, "{{ 1 + 1 }}") == (None, "2")


async def test_closing_leaves_nobody_waiting_and_no_process() -> None:
    before = _children()
    async with Renderer(children=1) as renderer:
        await renderer.warm()
        tasks = [asyncio.create_task(renderer.render(LOOPS, {}, workspace=str(n))) for n in range(3)]
        await asyncio.sleep(0)
    async with asyncio.timeout(10):
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, Retryable | TemplateFailed) for result in results)
    assert not _children() - before


async def test_a_child_is_replaced_after_a_thousand_renders() -> None:
    before = _children()
    async with Renderer(children=1) as renderer:
        await renderer.warm()
        first = _children() - before
        for number in range(1001):
            assert await renderer.render("{{ n + 1 }}", {"n": number}, workspace="w") == number + 1
        assert not first & _children()


async def test_a_cancelled_render_leaves_no_answer_behind() -> None:
    """The next question must not get the answer of the one that nobody waits for any more."""
    async with Renderer(children=1) as renderer:
        await renderer.warm()
        task = asyncio.create_task(renderer.render("{{ 'A' * 200000 }}", {}, workspace="w"))
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await renderer.render("{{ 1 + 1 }}", {}, workspace="w") == 2


async def test_values_with_braces_stay_text(renderer: Renderer) -> None:
    evil = {"trigger": {"data": "{{ 1 + 1 }}{% include 'x' %}"}}
    for source in (
        "{{ trigger.data }}",
        "a {{ trigger.data }}",
        "{{ trigger.data | trim }}",
        "a {{ trigger.data ~ '' }}",
    ):
        assert "{{ 1 + 1 }}{% include 'x' %}" in str(await renderer.render(source, evil, workspace="w"))
