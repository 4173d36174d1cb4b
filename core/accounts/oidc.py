"""OpenID Connect (Core 1.0): authorization code flow with PKCE (RFC 7636), `nonce`, `state` and `iss` (RFC 9207).

One issuer, of the operator's choice. What it says is believed only after its signature was checked with its own keys,
by an algorithm with a public key: a shared secret or `none` never signs an ID token here.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote_plus, urlencode

import jwt

from blocks.errors import ActionError
from blocks.values import JsonObject
from core import jsontext
from core.clock import Clock, now
from core.errors import Unauthenticated, Unavailable
from core.outgoing.client import Outgoing
from core.settings import OidcSettings

_ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
_KNOWN_FOR: Final = timedelta(hours=1)  # the issuer's metadata and keys
_KEYS_AGAIN_AFTER: Final = timedelta(seconds=30)  # an unknown key may be a new one
_LEEWAY_S: Final = 60
_WITHIN_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the browser keeps, sealed, while it is at the issuer's."""

    state: str
    nonce: str
    verifier: str
    next: str
    invitation: str | None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is at the issuer. `email` is one that the issuer says is theirs, or None."""

    issuer: str
    subject: str
    email: str | None
    name: str


@dataclass(frozen=True, slots=True)
class _Metadata:
    authorization: str
    token: str
    keys_at: str
    by_post: bool
    says_iss: bool
    read_at: datetime


class Provider:
    """`redirect_uri` is where the issuer sends people back to."""

    def __init__(self, settings: OidcSettings, http: Outgoing, redirect_uri: str, *, clock: Clock = now) -> None:
        self._settings = settings
        self._http = http
        self._redirect_uri = redirect_uri
        self._clock = clock
        self._known: _Metadata | None = None
        self._keys: tuple[datetime, dict[str, jwt.PyJWK]] | None = None

    async def start(self, next_path: str, invitation: str | None) -> tuple[str, Attempt]:
        """Where to send the browser, and what it has to bring back. Raises `Unavailable` (`issuer_away`)."""
        attempt = Attempt(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(32),
            next=next_path,
            invitation=invitation,
        )
        challenge = hashlib.sha256(attempt.verifier.encode()).digest()
        wanted = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": "openid email profile",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        place = (await self._metadata()).authorization
        return f"{place}{'&' if '?' in place else '?'}{urlencode(wanted)}", attempt

    async def finish(self, attempt: Attempt, *, code: str, state: str, iss: str | None) -> Identity:
        """Who came back. Raises `Unauthenticated` (`oidc_refused`) and `Unavailable` (`issuer_away`)."""
        if not hmac.compare_digest(state.encode(), attempt.state.encode()):
            raise _refused("this sign-in was not begun in this browser")
        metadata = await self._metadata()
        if (iss is not None and iss != self._settings.issuer) or (iss is None and metadata.says_iss):
            raise _refused("another issuer answered")
        answer = await self._exchange(metadata, code, attempt.verifier)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise _refused("the issuer sent no ID token")
        return self._identity(await self._claims(metadata, token), attempt)

    async def _exchange(self, metadata: _Metadata, code: str, verifier: str) -> JsonObject:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        client, secret = self._settings.client_id, self._settings.client_secret
        if metadata.by_post:
            form |= {"client_id": client, "client_secret": secret}
        else:
            basic = base64.b64encode(f"{quote_plus(client)}:{quote_plus(secret)}".encode()).decode()
            headers["Authorization"] = f"Basic {basic}"
        return await self._json("POST", metadata.token, headers, urlencode(form).encode())

    async def _claims(self, metadata: _Metadata, token: str) -> JsonObject:
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            if algorithm not in _ALGORITHMS:
                raise _refused("the ID token is signed in a way that is not accepted")
            key = await self._key(metadata, str(header.get("kid", "")))
            claims: JsonObject = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._settings.client_id,
                issuer=self._settings.issuer,
                leeway=_LEEWAY_S,
                options={"require": ["iss", "sub", "aud", "exp", "iat", "nonce"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise _refused("the ID token is not valid") from error
        return claims

    def _identity(self, claims: JsonObject, attempt: Attempt) -> Identity:
        nonce, party, audience = claims["nonce"], claims.get("azp"), claims["aud"]
        if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), attempt.nonce.encode()):
            raise _refused("the ID token belongs to another sign-in")
        if party != self._settings.client_id and (
            party is not None or (isinstance(audience, list) and len(audience) > 1)
        ):
            raise _refused("the ID token was made for somebody else")
        email, subject = claims.get("email"), claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise _refused("the ID token names nobody")
        verified = isinstance(email, str) and claims.get("email_verified") is True
        return Identity(
            self._settings.issuer,
            subject,
            str(email) if verified else None,
            str(claims.get("name") or "").strip()[:100],
        )

    async def _metadata(self) -> _Metadata:
        if self._known is not None and self._known.read_at + _KNOWN_FOR > self._clock():
            return self._known
        issuer = self._settings.issuer
        found = await self._json("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration", {}, None)
        places = [found.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        if found.get("issuer") != issuer or not all(isinstance(place, str) for place in places):
            raise _away(f"{issuer} does not describe itself as the issuer that VUTLER_OIDC_ISSUER names")
        methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        self._known = _Metadata(
            authorization=str(places[0]),
            token=str(places[1]),
            keys_at=str(places[2]),
            by_post=isinstance(methods, list) and "client_secret_basic" not in methods,
            says_iss=found.get("authorization_response_iss_parameter_supported") is True,
            read_at=self._clock(),
        )
        return self._known

    async def _key(self, metadata: _Metadata, kid: str) -> jwt.PyJWK:
        """The key of this id; the only one, where neither token nor issuer names any."""
        at, keys = self._keys or (None, {})
        if at is None or at + (_KNOWN_FOR if kid in keys else _KEYS_AGAIN_AFTER) < self._clock():
            keys = _usable(await self._json("GET", metadata.keys_at, {}, None))
            self._keys = (self._clock(), keys)
        if kid in keys:
            return keys[kid]
        raise _refused("the ID token is signed with a key that the issuer does not publish")

    async def _json(self, method: str, url: str, headers: dict[str, str], content: bytes | None) -> JsonObject:
        try:
            answer = await self._http.request(method, url, headers=headers, content=content, timeout_s=_WITHIN_S)
        except ActionError as error:
            raise _away(str(error)) from error
        if answer.status >= 500:
            raise _away(f"it answered {answer.status}")
        try:
            found = jsontext.parse(answer.body)
        except jsontext.NotJson:
            found = None
        if answer.status != 200 or not isinstance(found, dict):
            raise _refused("the issuer did not accept it")
        return found


def _usable(keys: JsonObject) -> dict[str, jwt.PyJWK]:
    """The keys for signatures that we can read, by id."""
    found: dict[str, jwt.PyJWK] = {}
    listed = keys.get("keys")
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, dict) and each.get("kty") != "oct" and each.get("use", "sig") == "sig":
            try:
                found[str(each.get("kid", ""))] = jwt.PyJWK(each)
            except (jwt.PyJWTError, ValueError, TypeError):
                continue
    return found


def _refused(why: str) -> Unauthenticated:
    return Unauthenticated("oidc_refused", f"The sign-in failed: {why}. Try again.")


def _away(why: str) -> Unavailable:
    return Unavailable("issuer_away", f"The sign-in service can't be used right now: {why}.", after=10)
