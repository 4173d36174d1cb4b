"""The process in which templates are compiled and rendered: `python -I -m core.rendering.child`, started by `pool.py`.

It starts with an empty environment and holds nothing but Jinja. After its imports it can open no file and no socket
any more (no descriptor is left to it), each question has its own CPU budget, and its memory is bounded.

Frames both ways: four bytes of length, big endian, and JSON.
    {"sources": [...], "context": {...}}  ->  {"values": [...]}
    {"documents": [[source, html], ...], "context": {...}}  ->  {"values": [...]}, texts, as HTML escaped
    {"check": "source"}                   ->  {"values": [null]}
    otherwise                             ->  {"at": place, "limit": bool, "worn": bool, "why": "..."}
"""

import json
import resource
import signal
import struct
import sys
from collections.abc import Mapping
from typing import BinaryIO

from jinja2 import TemplateSyntaxError
from jinja2.exceptions import SecurityError

from core.rendering.references import MAX_OUTPUT
from core.rendering.sandbox import Program, Sandbox, document, program
from core.rendering.words import compact

MEMORY = 256 * 1024 * 1024  # bytes of address space
MAX_PROGRAMS = 256
_STANDARD_STREAMS = 3

_programs: dict[str, Program] = {}
_environment = Sandbox()
_html = Sandbox(autoescape=True)


def confine() -> None:
    """Give up everything that rendering does not need."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_STANDARD_STREAMS, _STANDARD_STREAMS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def arm() -> None:
    """One to two more seconds of CPU from now on: the limit counts whole seconds of the process's life."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + 2, hard))


def compiled(source: str) -> Program:
    found = _programs.get(source)
    if found is None:
        found = program(_environment, source)
        if len(_programs) >= MAX_PROGRAMS:
            _programs.clear()
        _programs[source] = found
    return found


def rendered(source: str, context: Mapping[str, object]) -> object:
    return bounded(compiled(source), context)


def bounded(made: Program, context: Mapping[str, object]) -> object:
    value = made(context)
    if len(compact(value)) > MAX_OUTPUT:
        raise OverflowError(f"it makes more than {MAX_OUTPUT // 1024} kB")
    return value


def answer(question: dict[str, object]) -> dict[str, object]:
    values: list[object] = []
    try:
        match question:
            case {"check": str(source)}:
                compiled(source)
                values.append(None)
            case {"sources": list(sources), "context": dict(context)}:
                values.extend(rendered(source, context) for source in sources)
            case {"documents": list(documents), "context": dict(context)}:
                values.extend(
                    bounded(document(_html if html else _environment, str(source)), context)
                    for source, html in documents
                )
    except Exception as error:
        return {"at": len(values), **_refusal(error)}
    return {"values": values}


def _refusal(error: Exception) -> dict[str, object]:
    limit, worn = isinstance(error, OverflowError), False
    match error:
        case TemplateSyntaxError():
            why = f"{(error.message or 'syntax error').rstrip('.')} (line {error.lineno})"
        case SecurityError():
            why = "it reaches for something that templates may not use"
        case MemoryError():
            why, limit, worn = "it takes too much memory", True, True
        case RecursionError():
            why, limit, worn = "it is nested too deeply", True, True
        case _ if isinstance(error, NameError) or "set_int_max_str_digits" in str(error):
            why = "it makes a number that is too large"  # NameError: Jinja wrote the constant as Python's `inf`
        case _:
            why = str(error) or type(error).__name__
    return {"limit": limit, "worn": worn, "why": why[:300].rstrip(".")}


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the other side closes."""
    while len(head := questions.read(4)) == 4:
        arm()
        question = json.loads(questions.read(struct.unpack(">I", head)[0]))
        text = json.dumps(answer(question), ensure_ascii=False).encode(errors="replace")  # lone surrogates are no text
        answers.write(struct.pack(">I", len(text)) + text)
        answers.flush()


def warm_up() -> None:
    """Run what imports lazily (codecs, traceback rewriting, time parsing) while files can still be opened."""
    answer({"sources": ['{{ a | urlencode }} {{ "2026-01-01" | date }} {{ [1] | tojson }}'], "context": {"a": "é"}})
    answer({"sources": ["{{ a.b }}"], "context": {"a": {}}})
    answer({"check": "{{ a | unknown }}"})
    answer({"check": "{% if %}"})


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    warm_up()
    _programs.clear()
    confine()
    sys.stdout.buffer.write(struct.pack(">I", 2) + b"{}")  # ready
    sys.stdout.buffer.flush()
    serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
