"""What can be said about the literal requests of a definition before anything is sent: addresses, header lines."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from blocks.errors import InvalidInput
from blocks.values import JsonObject
from core.automations.templates import is_template
from core.outgoing.addresses import Policy
from core.outgoing.headers import prepared
from core.outgoing.urls import target

# The keys inside a step's config that are refused, each with the reason.
Refuse: TypeAlias = Callable[[JsonObject], Iterator[tuple[tuple[str, ...], str]]]


def refusing(policy: Policy) -> Refuse:
    """Judge `url` and `headers` of a config, where they are written out, as the outgoing client will judge them."""

    def refuse(config: JsonObject) -> Iterator[tuple[tuple[str, ...], str]]:
        url, headers = config.get("url"), config.get("headers")
        if isinstance(url, str) and not is_template(url):
            try:
                target(url, policy)
            except InvalidInput as error:
                yield ("url",), error.message
        for name, value in headers.items() if isinstance(headers, dict) else ():
            if not is_template(name) and not is_template(value):
                try:
                    prepared({name: str(value)})
                except InvalidInput as error:
                    yield ("headers", name), error.message

    return refuse
