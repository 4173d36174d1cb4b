"""What an API token may be used for, within the role of its owner. The list is closed; none includes another."""

from typing import Final, Literal, get_args

Scope = Literal["read", "write", "run", "events", "approve", "admin"]

MEANING: Final[dict[Scope, str]] = {
    "read": "look at everything the role may see",
    "write": "create, change and delete automations and what belongs to them",
    "run": "start, replay, cancel and test runs",
    "events": "tell of agent events",
    "approve": "answer questions to people",
    "admin": "connections, members, invitations, tokens; for operators, the installation",
}
ALL: Final[frozenset[str]] = frozenset(get_args(Scope))
