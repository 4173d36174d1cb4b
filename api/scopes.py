"""Which scope an API token needs for an operation: decided here alone, by method and path.

The first line that fits counts. What fits none reads with `GET` and writes with anything else.
"""

import re
from typing import Final

from core.accounts.scopes import Scope
from core.caller import Caller
from core.errors import Forbidden

# Who signs in, and with what, is the business of people: no token may.
PEOPLE: Final = "people"
# What is said there decides, and is judged as the operation that it stands for.
ANY: Final = "any"

_RULES: Final[tuple[tuple[str, str, Scope | str], ...]] = (
    ("POST|PATCH|PUT|DELETE", r"/api/(auth|me|invitations)\b.*", PEOPLE),
    ("POST", r"/api/workspaces", PEOPLE),
    ("GET", r"/api/(tokens|audit|admin|health|export|import)\b.*|.*/invitations|/metrics", "admin"),
    (
        "POST|PATCH|PUT|DELETE",
        r"/api/(tokens|workspaces|connections|connect|credits|plans?|admin|audit|export|import)\b.*",
        "admin",
    ),
    ("PUT|DELETE", r"/api/approvals/chat", "admin"),
    ("POST", r"/mcp", ANY),
    ("POST", r"/api/events", "events"),
    ("POST", r"/api/approvals/.*|/api/agents/runs/\{\w+\}/(approve|reject)", "approve"),
    ("POST", r".*/(run|replay|cancel|redeliver|execute|test)|/api/agents/run/.*", "run"),
    ("POST", r".*/(validate|preview)", "read"),
    ("GET", r".*", "read"),
    (".*", r".*", "write"),
)
_COMPILED: Final = tuple((re.compile(methods), re.compile(path), scope) for methods, path, scope in _RULES)


def allows(caller: Caller, method: str, path: str) -> bool:
    """Whether the caller's token, if they use one, was made for this."""
    scope = needed(method, path)
    return caller.scopes is None or scope == ANY or scope in caller.scopes


def needed(method: str, path: str) -> Scope | str:
    """The scope for an operation; `path` is its template, such as `/api/tokens/{token_id}`."""
    plain = re.sub(r"\{(\w+):\w+\}", r"{\1}", path)
    return next(
        scope for methods, pattern, scope in _COMPILED if methods.fullmatch(method) and pattern.fullmatch(plain)
    )


def require(caller: Caller, method: str, path: str) -> None:
    """Raises `Forbidden` (`scope_missing`, `people_only`) for an API token that was not made for this."""
    if caller.scopes is None:
        return
    scope = needed(method, path)
    if scope == PEOPLE:
        raise Forbidden("people_only", "No API token may do this; sign in with your password.")
    if scope != ANY and scope not in caller.scopes:
        raise Forbidden("scope_missing", f"This needs an API token with the scope {scope}.")
