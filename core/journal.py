"""What a process writes about itself: one JSON object a line on standard output, with the request it belongs to.

Secrets are masked on the way out, by the names that they go by and, of connections that were opened, by their values
(`core/redaction.py`), so that a careless log call can't publish one.
"""

import logging
import re
import sys
from contextvars import ContextVar
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from core import jsontext, redaction

MASK = redaction.MASK

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
client_address: ContextVar[str | None] = ContextVar("client_address", default=None)  # whose request it is

_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)|secret|token|authorization|cookie|api[-_]?key|private[-_]?key|signature|credential", re.I
)
_SECRET_TEXT = re.compile(
    r"(?P<lead>\b(?:bearer|basic)\s+|[?&]?\b(?:secret|password|passwd|token|access_token|api_key|apikey)=|://[^/\s:@]+:(?=[^\s\"'@]+@))"
    r"(?P<value>[^\s&\"'@]+)",
    re.I,
)


def names_a_secret(name: str) -> bool:
    """Whether a header, parameter or field of this name holds a secret."""
    return _SECRET_NAME.search(name) is not None


def masked_text(text: str) -> str:
    """`Bearer x`, `secret=x`, `password=x` and `scheme://user:x@` without the x."""
    return _SECRET_TEXT.sub(rf"\g<lead>{MASK}", text)


def _mask(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name, value in event.items():
        if name != "event" and names_a_secret(name):
            event[name] = MASK
        elif isinstance(value, str):
            event[name] = masked_text(value)
    return event


def _add_request(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    current = request_id.get()
    if current is not None:
        event.setdefault("request_id", current)
    return event


def _render(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    plain = {name: value if isinstance(value, (str, int, float, bool)) else str(value) for name, value in event.items()}
    return redaction.journal.text(jsontext.dump_text(plain))


def configure(level: str, stream: TextIO | None = None) -> None:
    """Set up logging for this process: structlog's loggers and the standard library's alike."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    target = stream or sys.stdout
    shared: list[structlog.typing.Processor] = [
        _add_request,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask,
    ]
    structlog.configure(
        processors=[*shared, _render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared[:-1],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _mask, _render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.INFO))
