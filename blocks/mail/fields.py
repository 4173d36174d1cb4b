"""What those who write mails are given: recipients, lines of a header, the mail's own id."""

import hashlib
from typing import Annotated

from pydantic import AfterValidator, Field

from blocks.mail.addresses import has_control, parse


def _address(text: str) -> str:
    parse(text)
    return text


def one_line(text: str) -> str:
    """What may stand in a header. Raises `ValueError`."""
    if has_control(text):
        raise ValueError("This is one line, without line breaks or other control characters.")
    return text


Recipient = Annotated[str, Field(max_length=500), AfterValidator(_address)]


def message_id(key: str) -> str:
    """The same for every attempt of a step, and of nothing else."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@mail.vutler>"
