"""Templates: agents with their automations, ready to be deployed. Everything stays in the caller's workspace."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from blocks.values import Json, JsonObject
from blocks.words import Language
from core import jsontext
from core.agents.model import Agent
from core.automations.service import Detail, Webhook
from core.caller import Caller
from core.db import Database
from core.errors import NotFound
from core.idempotency import Made, Once, made_once
from core.templates import accounts, documents
from core.templates.accounts import Account
from core.templates.deploying import Deploying, Order, Over, Overrides, person
from core.templates.documents import Person
from core.templates.model import Category, NeededConnection, Template


@dataclass(frozen=True, slots=True)
class Need:
    """A connection that a template needs, and those of the workspace that will do."""

    key: str
    needed: NeededConnection
    there: list[Account]


@dataclass(frozen=True, slots=True)
class Offer:
    """A template as one workspace sees it. `automations` are documents as they would be deployed."""

    template: Template
    needs: list[Need]
    automations: list[JsonObject]
    inputs: JsonObject


@dataclass(frozen=True, slots=True)
class Deployed:
    """`automations` with their webhooks' secrets, shown this once; `missing` by the template's names."""

    template: Template
    agents: list[Agent]
    automations: list[Detail]
    missing: list[str]


class Templates:
    """The service of one process. `over` makes the services that deploying goes through, over a transaction."""

    def __init__(self, db: Database, known: Mapping[str, Template], over: Over) -> None:
        self._db = db
        self._known = known
        self._over = over

    async def listing(
        self, caller: Caller, language: Language, *, category: Category | None = None, search: str | None = None
    ) -> list[Offer]:
        """Those of a category, with the text in one of their languages."""
        wanted = [
            each
            for each in self._known.values()
            if (category is None or each.category == category) and (search is None or _says(each, search))
        ]
        async with self._db.connection() as connection:
            me, there = await person(connection, caller), await accounts.usable(connection, caller)
        return [_offer(each, language, me, there) for each in wanted]

    async def get(self, caller: Caller, slug: str, language: Language) -> Offer:
        """Raises `NotFound`."""
        template = self._found(slug)
        async with self._db.connection() as connection:
            me, there = await person(connection, caller), await accounts.usable(connection, caller)
        return _offer(template, language, me, there)

    async def deploy(
        self, caller: Caller, slug: str, overrides: Overrides, language: Language, once: Once | None = None
    ) -> Deployed:
        """All of it or nothing. What an account is missing for is made all the same, switched off.

        Raises `Forbidden`, `NotFound`, `Invalid` with every finding, and what `idempotency.made_once` raises.
        """
        caller.require("editor")
        template = self._found(slug)
        order = Order(caller, template, overrides, language)
        async with self._db.transaction() as connection:

            async def work() -> Made:
                inside = self._db.within(connection)
                return await (await Deploying.begin(inside, connection, self._over, order)).all()

            _, record = await made_once(connection, once, work)
        return await self._told(caller, template, jsontext.load(record or "{}"))

    # inside ---------------------------------------------------------------------------------------------------------

    def _found(self, slug: str) -> Template:
        template = self._known.get(slug)
        if template is None:
            message = f"There is no template {slug[:60]}; GET /api/agents/templates lists them."
            raise NotFound("template_not_found", message)
        return template

    async def _told(self, caller: Caller, template: Template, record: Json) -> Deployed:
        """The rows that a deployment made, as they are now, with the secrets of then."""
        if not isinstance(record, dict):
            raise TypeError("the record of a deployment is an object")
        agents, automations = self._over(self._db)
        details: list[Detail] = []
        for rule_id, secret in _pairs(record["automations"]):
            detail = await automations.get(caller, UUID(rule_id))
            hook = None if detail.webhook is None else Webhook(detail.webhook.id, secret)
            details.append(Detail(detail.rule, hook, detail.schedules, detail.next_run_at, detail.findings))
        made = [await agents.get(caller, each) for each in _texts(record["agents"])]
        known = {each.rule.id for each in details}
        for agent in made:  # what it does of itself
            if agent.rule_id is not None and agent.rule_id not in known:
                details.append(await automations.get(caller, agent.rule_id))
        return Deployed(template, made, details, _texts(record["missing"]))


def _offer(template: Template, language: Language, me: Person, there: list[Account]) -> Offer:
    needs = [Need(key, each, accounts.fitting(each, there)) for key, each in template.connections.items()]
    known = {each.key: each.there[0].id for each in needs if len(each.there) == 1}
    values, _ = documents.answers(template, {}, me)
    return Offer(template, needs, documents.preview(template, language, me, known), template.form(language, values))


def _says(template: Template, search: str) -> bool:
    texts = (template.title, template.description, template.use_case)
    return any(search.casefold() in text.casefold() for each in texts for text in (each.en, each.fr))


def _texts(value: Json) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _pairs(value: Json) -> list[tuple[str, str | None]]:
    rows = value if isinstance(value, list) else []
    return [(str(row[0]), None if row[1] is None else str(row[1])) for row in rows if isinstance(row, list)]
