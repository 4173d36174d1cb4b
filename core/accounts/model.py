"""People, workspaces, memberships: plain values."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.revisions import revision_of


@dataclass(frozen=True, slots=True)
class User:
    id: UUID
    email: str
    name: str
    is_operator: bool
    locale: str
    timezone: str
    mail_notifications: str  # "approvals", "all" or "none"
    email_verified_at: datetime | None
    disabled_at: datetime | None
    onboarded_at: datetime | None
    created_at: datetime

    @property
    def revision(self) -> str:
        """Changes with what the profile shows."""
        verified = None if self.email_verified_at is None else self.email_verified_at.isoformat()
        return revision_of(str(self.id), self.email, self.name, self.locale, self.timezone, verified)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace as one member sees it."""

    id: UUID
    name: str
    plan: str
    role: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The outcome of registration, login and refresh: an access token, and the refresh token of its session."""

    token: str
    refresh: str
    user: User
    workspace: Workspace
