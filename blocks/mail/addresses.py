"""Mail addresses and message ids: one strict form, so that nothing in them can become another header or recipient."""

import re
import unicodedata
from dataclasses import dataclass
from email.headerregistry import Address as HeaderAddress
from typing import Final

from blocks.sentences import said

MOST_RECIPIENTS: Final = 50
_LONGEST: Final = 320  # characters of an address (RFC 3696, 3)
_LONGEST_NAME: Final = 200
_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_DOMAIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")
_NAMED: Final = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")
_MESSAGE_ID: Final = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,900}>")


class BadAddress(ValueError):
    """The text is no mail address; it says why."""


@dataclass(frozen=True, slots=True)
class Address:
    """`email` in ASCII (an international domain as punycode, in lower case), `name` empty where there is none."""

    email: str
    name: str = ""

    @property
    def domain(self) -> str:
        return self.email.rpartition("@")[2]

    @property
    def header(self) -> HeaderAddress:
        return HeaderAddress(display_name=self.name, addr_spec=self.email)

    def __str__(self) -> str:
        return str(self.header)


def has_control(text: str) -> bool:
    """Whether it holds a line break or another character that no header may have."""
    return any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in text)


def parse(text: str) -> Address:
    """`name <local@domain>` or `local@domain`, exactly one. Raises `BadAddress`."""
    if has_control(text):
        raise BadAddress("A mail address can't contain a line break or another control character.")
    text = text.strip()
    named = _NAMED.fullmatch(text)
    name = named["name"].strip() if named else ""
    if len(name) > 1 and name.startswith('"') and name.endswith('"'):
        name = name[1:-1]
    return Address(_email((named["address"] if named else text).strip()), name[:_LONGEST_NAME])


def _email(text: str) -> str:
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    local, at, domain = text.rpartition("@")
    if not at or len(text) > _LONGEST:
        raise BadAddress(said("{text} is no mail address such as ada@example.org.", text=repr(shown)))
    if "," in text or ";" in text or "@" in local:
        raise BadAddress(said("{text} holds more than one mail address: give several as a list.", text=repr(shown)))
    if not local.isascii():
        raise BadAddress(
            said("{text} can't be written to: only the part behind the @ may have such letters.", text=repr(shown))
        )
    domain = domain.lower()
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode()
        except UnicodeError:
            domain = ""
    if not _LOCAL.fullmatch(local) or len(local) > 64 or not _DOMAIN.fullmatch(domain) or len(domain) > 253:
        raise BadAddress(said("{text} is no mail address such as ada@example.org.", text=repr(shown)))
    return f"{local}@{domain}"


def is_message_id(text: str) -> bool:
    """Whether it is one that a header can hold: `<...>`, without spaces."""
    return _MESSAGE_ID.fullmatch(text) is not None


def message_ids(text: str) -> tuple[str, ...]:
    """Those that stand in a header such as References, each once, in their order."""
    return tuple(dict.fromkeys(_MESSAGE_ID.findall(text)))
