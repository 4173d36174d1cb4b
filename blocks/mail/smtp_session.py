"""One mail over SMTP (RFC 5321), over a socket that is connected already: what was refused is known, and what is not.

Until the message itself is sent, whatever breaks leaves nothing behind. From then on only the server's answer tells.
"""

import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, Literal

import aiosmtplib

from blocks.errors import InvalidInput, Retryable
from blocks.mail.addresses import Address
from blocks.mail.kind import one_line
from blocks.sentences import Sentence, said

Socket = socket.socket
Tls = Literal["implicit", "starttls", "none"]
_COMMAND_S: Final = 60.0  # of one command; the whole has its own limit
_QUIT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Login:
    """`password` None: nobody signs in."""

    host: str
    tls: Tls
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class Progress:
    """How far a session came, for whoever has to say what an end in between means."""

    handing_over: bool = False


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message and whom it goes to, which its headers need not say."""

    sender: Address
    to: Sequence[Address]
    message: bytes


@asynccontextmanager
async def session(login: Login, connected: socket.socket, progress: Progress) -> AsyncIterator[aiosmtplib.SMTP]:
    """Signed in, behind TLS whose certificate is the host's. Raises `InvalidInput` and `Retryable`."""
    client = aiosmtplib.SMTP(
        hostname=login.host,
        sock=connected,
        use_tls=login.tls == "implicit",
        start_tls=False,
        tls_context=ssl.create_default_context() if login.tls != "none" else None,
        local_hostname=_own_name(connected),
        timeout=_COMMAND_S,
    )
    try:
        await client.connect()
        if login.tls == "starttls":
            await client.ehlo()
            if not client.supports_extension("starttls"):
                raise InvalidInput(
                    "tls_missing", f"{login.host} offers no STARTTLS on this port; nothing was sent. Try implicit TLS."
                )
            await client.starttls()
        await client.ehlo()
        if login.user is not None:
            await _sign_in(client, login)
        yield client
        with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            await client.quit(timeout=_QUIT_S)
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        raise translated(error, login.host, answered=not progress.handing_over) from error
    finally:
        client.close()


async def hand_over(client: aiosmtplib.SMTP, host: str, envelope: Envelope, progress: Progress) -> str:
    """Give the server the message for everybody, or for nobody; gives what it answered.

    Raises `InvalidInput` and `Retryable`; those of aiosmtplib are for `session`.
    """
    message = envelope.message
    size = client.esmtp_extensions.get("size", "").strip()
    if size.isdigit() and 0 < int(size) < len(message):
        raise InvalidInput(
            "mail_too_large", f"{host} takes mails of {size} bytes at most; this one has {len(message)}."
        )
    options = [f"SIZE={len(message)}"] if client.supports_extension("size") else []
    try:
        await client.mail(envelope.sender.email, options=options)
        refused: list[tuple[Address, aiosmtplib.SMTPRecipientRefused]] = []
        for each in envelope.to:
            try:
                await client.rcpt(each.email)
            except aiosmtplib.SMTPRecipientRefused as error:
                refused.append((each, error))
        if refused:
            raise _refusal(host, refused)
        progress.handing_over = True
        answer = await client.data(message)
    except aiosmtplib.SMTPResponseException as error:
        if 400 <= error.code < 600:
            progress.handing_over = False  # it answered: the mail is refused
        raise translated(error, host, answered=not progress.handing_over) from error
    progress.handing_over = False
    return one_line(f"{answer.code} {answer.message}")


async def _sign_in(client: aiosmtplib.SMTP, login: Login) -> None:
    if not client.supports_extension("auth"):
        raise InvalidInput("sign_in_refused", f"{login.host} lets nobody sign in on this port: try another one.")
    await client.login(login.user or "", login.password or "")


def _refusal(host: str, refused: Sequence[tuple[Address, aiosmtplib.SMTPRecipientRefused]]) -> InvalidInput | Retryable:
    """Nothing is sent to anybody where somebody is refused, so that trying again writes to nobody twice."""
    told = "; ".join(f"{each.email}: {error.code} {one_line(str(error.message))}" for each, error in refused[:5])
    if any(error.code >= 500 for _, error in refused):
        return InvalidInput("recipient_refused", f"{host} refused a recipient, so nothing was sent. {told}")
    return Retryable(
        "recipient_delayed", f"{host} takes mail for a recipient later only; nothing was sent. {told}",
        answered=True, cause="server_error",
    )  # fmt: skip


def translated(error: BaseException, host: str, *, answered: bool) -> InvalidInput | Retryable:
    """What an error of aiosmtplib means. `answered` False: the mail may have been taken."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _said(error, host, answered=answered)
    cause = error if isinstance(error, ssl.SSLError) else error.__cause__
    if isinstance(cause, ssl.SSLError):
        return _no_tls(cause, host)
    if isinstance(error, TimeoutError):
        late = said("{host} did not answer in time.", host=host)
        return Retryable("timeout", _taken_or_not(late, answered=answered), answered=answered, cause="timeout")
    if isinstance(error, aiosmtplib.SMTPException) and not isinstance(error, ConnectionError):
        return InvalidInput("mail_refused", f"{host} can't be used: {one_line(str(error))}")
    broken = said("{host} broke the connection off.", host=host)
    return Retryable("connection_failed", _taken_or_not(broken, answered=answered), answered=answered)


def _taken_or_not(what: Sentence, *, answered: bool) -> Sentence:
    return what if answered else said("{what} Whether it took the mail is not known.", what=what)


def _said(error: aiosmtplib.SMTPResponseException, host: str, *, answered: bool) -> InvalidInput | Retryable:
    """What an answer of the server means (RFC 5321, 4.2.1)."""
    told = f"{error.code} {one_line(str(error.message))}"
    if isinstance(error, aiosmtplib.SMTPAuthenticationError) and error.code >= 500:
        return InvalidInput("sign_in_refused", f"{host} refused user name or password: {told}")
    if 400 <= error.code < 500:
        return Retryable("mail_delayed", f"{host} takes the mail later only: {told}", cause="server_error")
    if answered:
        return InvalidInput("mail_refused", f"{host} did not take the mail: {told}")
    strange = said("{host} gave an answer that no mail server gives.", host=host)
    return Retryable("mail_delayed", _taken_or_not(strange, answered=False), answered=False, cause="server_error")


def _no_tls(error: ssl.SSLError, host: str) -> InvalidInput:
    if isinstance(error, ssl.SSLCertVerificationError):
        return InvalidInput("tls_refused", f"The certificate of {host} is not valid for it: {error.verify_message}.")
    return InvalidInput("tls_refused", f"{host} speaks no TLS on this port: {error.reason or 'handshake failed'}.")


def _own_name(connected: socket.socket) -> str:
    """Who we are in EHLO: our address, as RFC 5321 (4.1.4) asks of clients without a name."""
    own = str(connected.getsockname()[0]).partition("%")[0]
    return f"[IPv6:{own}]" if ":" in own else f"[{own}]"
