"""The installation's own account (`VUTLER_SMTP_URL`): the same kind that workspaces have, opened by the operator."""

from blocks.services import Mailer
from blocks.values import JsonObject
from core.connections.model import Opened
from core.connections.signed import Asks, Signed, Tokens
from core.ids import new_id
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.redaction import Redactor
from core.settings import Settings, SmtpSettings


def way_out(settings: Settings, smtp: SmtpSettings) -> Outgoing:
    """A client that may reach that server also where it is not public."""
    host = f"[{smtp.host}]" if ":" in smtp.host else smtp.host
    return Outgoing(Policy.of((*settings.http_allow_hosts, f"{host}:{smtp.port}"), settings.public_url))


def mailer(smtp: SmtpSettings, out: Asks) -> Mailer:
    """Raises `InvalidInput` where the settings are none of an account."""
    values: JsonObject = {"host": smtp.host, "port": smtp.port, "tls": smtp.tls, "sender": smtp.sender}
    if smtp.user is not None:
        values |= {"user": smtp.user, "password": smtp.password}
    opened = Opened(new_id(), "VUTLER_SMTP_URL", "smtp", [smtp.host], "", values)
    return Signed(opened, out, Redactor(), Tokens(), _unnoted).service(Mailer)  # type: ignore[type-abstract]


async def _unnoted(_: str) -> None: ...
