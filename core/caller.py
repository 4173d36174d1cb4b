"""Who asks: every service takes a `Caller` and stays inside its workspace."""

from dataclasses import dataclass
from uuid import UUID

from core.errors import Forbidden

_RANK = {"viewer": 0, "editor": 1, "admin": 2, "owner": 3}


@dataclass(frozen=True, slots=True)
class Caller:
    """A person (or a token of theirs) in one workspace."""

    user_id: UUID
    workspace_id: UUID
    role: str  # viewer, editor, admin, owner
    is_operator: bool = False
    token_id: UUID | None = None  # of the API token they use; None for a session
    scopes: frozenset[str] | None = None  # of that token; None: everything the role allows

    def may(self, role: str) -> bool:
        """Whether the caller has `role` or a higher one."""
        return _RANK[self.role] >= _RANK[role]

    def require(self, role: str) -> None:
        """Raises `Forbidden` when the caller's role is below `role`."""
        if not self.may(role):
            raise Forbidden("role_missing", f"This needs the role {role}; yours in this workspace is {self.role}.")
