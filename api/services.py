"""What the routes call: made once when the application is, opened with it, handed to each request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Annotated, Final
from urllib.parse import urlsplit

import aiohttp
import asyncpg
import structlog
from cryptography.fernet import Fernet
from fastapi import Depends, Request

from blocks import registry
from core.accounts.api_tokens import ApiTokens
from core.accounts.callers import Callers
from core.accounts.identities import Identities
from core.accounts.invitations import Invitations, NoInvites
from core.accounts.members import Members
from core.accounts.oidc import Provider
from core.accounts.operating import Operating
from core.accounts.passwords import Passwords
from core.accounts.recovery import NoLetters, Recovery
from core.accounts.refresh import RefreshTokens
from core.accounts.service import Accounts
from core.accounts.sessions import Sessions
from core.accounts.tokens import AccessTokens
from core.agent_events.service import AgentEvents
from core.agents.agents import Agents
from core.agents.asking import Asking
from core.agents.avatars import Avatars
from core.agents.fallback import allowed
from core.agents.joining import Joining
from core.agents.offered import Offered
from core.agents.overview import Overview
from core.agents.usage import AgentUsage
from core.alerts.service import Alerts
from core.approvals.answering import Approvals
from core.approvals.chats import Chats
from core.approvals.links import Links, Tokens
from core.audit.reading import Audit
from core.automations.check import Checker
from core.automations.inline_accounts import InlineAccounts
from core.automations.outgoing import refusing
from core.automations.rotation import Rotation
from core.automations.service import Automations
from core.automations.signing_secrets import SigningSecrets
from core.automations.starting import Starting
from core.automations.trial import Tools, Trials
from core.automations.versions import Versions
from core.automations.words import Narrator
from core.automations.writing import Writing
from core.channels import arrivals
from core.channels.rooms import Channels
from core.channels.talking import Talk
from core.connections.opening import Door
from core.connections.service import Connections
from core.connections.signed import Tokens as ConnectionTokens
from core.credits.administration import Administration
from core.credits.service import Credits
from core.credits.usage import Usage
from core.db import AWAY, Database
from core.deliveries.capture import Captures
from core.deliveries.hooks import Hooks
from core.deliveries.ingest import Ingest
from core.deliveries.ledger import Ledger
from core.deliveries.redelivery import Redelivery
from core.files.service import Files
from core.health import Health
from core.inbound.service import Inbound
from core.jobs.service import Jobs
from core.jobs.tokens import RunTokens
from core.keys import Keys, sealing
from core.listen import Listener
from core.mail.posting import ByMail
from core.notifications.reading import Bell
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.rates import Quotas, Rates
from core.rendering.renderer import Renderer
from core.runs.breaker import Limits
from core.runs.channels import CONFIG
from core.runs.events import Feed
from core.runs.history import History
from core.runs.replay import Replays
from core.runs.replay_bulk import BulkReplays
from core.runs.replay_versions import Drafts
from core.runs.steps import Steps
from core.schedules.history import FireHistory
from core.schedules.preview import Previews
from core.seal import Sealer
from core.settings import Settings
from core.templates.completing import Completing
from core.templates.reading import catalog
from core.templates.service import Templates

_log = structlog.get_logger()
_RETRY_S: Final = (0.1, 0.5, 1.0, 2.0)


class Services:
    """Every service of the API, over one pool and one LISTEN connection."""

    def __init__(self, settings: Settings, keys: Keys, db: Database) -> None:
        self.settings = settings
        self.db = db
        everyone = db.for_everyone()  # for what has no caller yet, or is asked across workspaces
        self.listener = Listener(db.dsn, application=db.application)
        self.feed = Feed(everyone, self.listener)
        sealer = Sealer(sealing(settings, keys))
        signing = SigningSecrets(sealer)
        self.hooks = Hooks(everyone, signing)
        self.listener.on(CONFIG, self.hooks.forget)
        self.listener.on_connected(self.hooks.forget_all)
        self.ingest = Ingest(everyone, self.hooks)
        self.ledger = Ledger(db)
        self.redelivery = Redelivery(db, self.hooks)
        self.history, self.steps = History(db), Steps(db)
        self.renderer = Renderer()
        reachable = Policy.of(settings.http_allow_hosts, settings.public_url)
        self.http = Outgoing(reachable, programs=allowed(settings))
        self._checked = partial(Automations, checker=Checker.of(self.renderer, refusing(reachable)), signing=signing)
        self.automations = self._checked(db)
        self.rotation = Rotation(db, self.automations, signing)
        limits = Limits(runs_per_min=settings.breaker_runs_per_min)
        self.agent_events = AgentEvents(db, limits=limits)
        self.alerts = Alerts(db)
        self.captures = Captures(db, self.automations, self.hooks)
        self.versions = Versions(db, self.automations)
        self.narrator = Narrator.of()
        self.previews = Previews(db, self.automations)
        self.fires = FireHistory(db)
        door = Door(sealer)
        self._add_connections(door, reachable, db, limits)
        tools = Tools(self.renderer, self.http, registry.actions(), settings.public_url, self.connections)
        self.trials = Trials(db, self.automations, tools)
        self.approvals = Approvals(db, registry.actions())
        self.links = Links(everyone, Approvals(everyone, registry.actions()), Tokens(keys.links), settings.public_url)
        self.bell = Bell(db)
        self.starting = Starting(db, self.automations)
        drafts = Drafts(db, self.automations, registry.triggers())
        self.replays = Replays(db, drafts, registry.actions())
        self.bulk_replays = BulkReplays(db, drafts, registry.actions())
        self.jobs = Jobs(everyone, RunTokens(keys.jobs), settings.http_allow_hosts, settings.public_url, limits, door)
        self.credits = Credits(db)
        self.usage = Usage(db)
        self.administration = Administration(everyone)
        self.passwords = Passwords()
        self._add_accounts(settings, keys, everyone)
        self._add_agents(db, limits, claude=settings.claude is not None)
        self.audit = Audit(db)
        self.files = Files(db, quota=settings.files_quota_mb * 1024 * 1024)
        self.rates = Rates(
            Quotas(settings.rate_address_per_min, settings.rate_user_per_min, settings.rate_workspace_per_min)
        )
        self.health = Health(everyone, self.feed, settings.prefect_url)

    def _add_agents(self, db: Database, limits: Limits, *, claude: bool) -> None:
        """And the channels in which they talk."""
        self.channels = Channels(db)
        self.talk = Talk(db, self.channels, limits=limits)
        self._claude = claude
        self.agents, _ = self._agents_over(db)
        self.joining = Joining(db, self.agents)
        self.asking = Asking(db, fallback=claude)
        self.agent_overview = Overview(db, fallback=claude)
        self.agent_usage = AgentUsage(db)
        self.avatars = Avatars(db)
        self.offered = Offered(self.connections)
        self.templates = Templates(db, catalog(), self._agents_over)

    def _agents_over(self, db: Database) -> tuple[Agents, Automations]:
        """The services of agents and their automations over another view of the database."""
        complete = Completing(catalog()).changes
        agents = Agents(db, self.db.for_everyone(), self._checked, complete, fallback=self._claude)
        return agents, self._checked(db)

    def _add_connections(self, door: Door, reachable: Policy, db: Database, limits: Limits) -> None:
        self.writing = Writing(self.renderer)
        self.connections = Connections(db, door, self.http, ConnectionTokens(), reachable)
        self.inline_accounts = InlineAccounts(self.connections)
        quota = self.settings.files_quota_mb * 1024 * 1024
        arrive = partial(arrivals.arrive, limits=limits, files_quota=quota)
        self.inbound = Inbound(db.for_everyone(), door, self.http, registry.actions(), arrive=arrive)
        self.approval_chats = Chats(db)

    def _add_accounts(self, settings: Settings, keys: Keys, db: Database) -> None:
        """`db` asks across workspaces: whoever signs in has none yet."""
        access = AccessTokens(keys.jwt)
        self.callers = Callers(db, access)
        self.sessions = Sessions(db, RefreshTokens(keys.sessions), self.callers)
        by_mail = None if settings.smtp is None else ByMail(Sealer(sealing(settings, keys)))
        self.accounts = Accounts(
            db, access, self.passwords, self.sessions, self.callers, letters=by_mail or NoLetters(),
            signup_open=settings.signup_open,
        )  # fmt: skip
        self.api_tokens = ApiTokens(db, self.callers)
        self.members = Members(db, self.callers)
        self.invitations = Invitations(db, self.callers, settings.public_url, by_mail or NoInvites())
        self.identities = Identities(db, self.accounts, self.callers)
        self.issuer = _issuer(settings)
        self.provider = _provider(settings, self.issuer)
        self.cookies = Fernet(keys.cookies)
        self.answers = Fernet(keys.answers)
        self.operating = Operating(db, self.callers, settings.public_url)
        self.recovery = Recovery(db, self.passwords, self.callers, by_mail or NoLetters())

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Open everything. PostgreSQL may be away: it is tried again until it is there, and answered 503 meanwhile."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.db.close)
            stack.callback(self.passwords.close)
            await stack.enter_async_context(self.renderer)
            await stack.enter_async_context(self.http)
            if self.issuer is not None:
                await stack.enter_async_context(self.issuer)
            self.health.session = await stack.enter_async_context(aiohttp.ClientSession())
            for task in (asyncio.create_task(self._open_database()), asyncio.create_task(self.listener.run())):
                stack.push_async_callback(_ended, task)
            yield
            self.feed.close()

    async def _open_database(self) -> None:
        tries = 0
        while True:
            try:
                await self.db.open()
            except (*AWAY, asyncpg.PostgresError) as error:  # also: not made yet, not let in yet
                wait = _RETRY_S[min(tries, len(_RETRY_S) - 1)]
                tries += 1
                _log.warning("database_away", reason=str(error) or type(error).__name__, retry_s=wait)
                await asyncio.sleep(wait)
            else:
                return


def _issuer(settings: Settings) -> Outgoing | None:
    """Our client to the issuer of OpenID Connect: it alone may reach that host where it is not public."""
    if settings.oidc is None:
        return None
    place = urlsplit(settings.oidc.issuer)
    host = f"[{place.hostname}]" if ":" in str(place.hostname) else str(place.hostname)
    port = place.port or (443 if place.scheme == "https" else 80)
    return Outgoing(Policy.of((*settings.http_allow_hosts, f"{host}:{port}"), settings.public_url))


def _provider(settings: Settings, http: Outgoing | None) -> Provider | None:
    if settings.oidc is None or http is None:
        return None
    return Provider(settings.oidc, http, f"{settings.public_url}/api/auth/oidc/callback")


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


ServicesDep = Annotated[Services, Depends(services)]
