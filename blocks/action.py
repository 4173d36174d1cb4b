"""The contract of an action: one file in `blocks/actions/`, one class, nothing to register by hand.

A class gives its input and output as pydantic models, says what it does to the world (`effect`), what it costs and
how long it may take. From that come its form, its catalogue entry, its validation on save and its contract tests.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, MutableMapping
from enum import StrEnum
from typing import ClassVar, Generic, Literal, Protocol, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict

from blocks import exits
from blocks.conversing import Turn, TurnDone
from blocks.outcomes import Done, Outcome, Wait
from blocks.pieces import Piece
from blocks.services import Attachment, Letter
from blocks.values import Json, JsonObject
from blocks.words import Described

Category: TypeAlias = Literal["agents", "apps", "data", "flow"]


class Effect(StrEnum):
    """What repeating the step would do to the world outside."""

    PURE = "pure"  # nothing: it can be computed again
    IDEMPOTENT = "idempotent"  # the same as doing it once
    UNSAFE = "unsafe"  # possibly a second mail, payment or post


class Level(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class HttpResponse(Protocol):
    """An answer of the outside world, its body already read and decoded within the limits."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> dict[str, str]: ...
    @property
    def body(self) -> bytes: ...
    @property
    def charset(self) -> str | None: ...


class Http(Protocol):
    """The only way out to the network (`core/outgoing`): checked addresses, bounded size, one deadline.

    Raises `Retryable` where no answer came, `InvalidInput` (`blocked_address`, `invalid_url`, `response_too_large`,
    `too_many_redirects`) where it never will.
    """

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        content: bytes | None,
        timeout_s: float,
    ) -> HttpResponse: ...


ServiceT = TypeVar("ServiceT")


class ActionContext(Protocol):
    """What the engine lends an action while it runs."""

    @property
    def run_id(self) -> str: ...
    @property
    def step_id(self) -> str: ...
    @property
    def attempt(self) -> int:
        """1 for the first."""
        ...

    @property
    def idempotency_key(self) -> str:
        """`run/step/iteration`: the same over all attempts and after a crash."""
        ...

    @property
    def timeout_s(self) -> float:
        """Seconds that this attempt may take."""
        ...

    @property
    def http(self) -> Http: ...

    async def connected(self, connection: str) -> Http:
        """The same way out, signed by the saved account that the step names; reaches that account's hosts alone.

        Raises `InvalidInput` (`connection_not_found`, `connection_not_allowed`, `connection_unreadable`).
        """
        ...

    async def service(self, connection: str, kind: type[ServiceT]) -> ServiceT:
        """What that saved account offers beyond signed requests (`blocks/services.py`), e.g. a `Mailer`.

        Raises as `connected`; `connection_not_allowed` also where it offers no `kind`.
        """
        ...

    @property
    def tainted(self) -> bool:
        """Whether the run holds what came from outside: a webhook, a message, an answer of the web."""
        ...

    async def converse(self, turn: Turn) -> TurnDone | Wait:
        """A turn of an agent of the workspace; a `Wait` where it needs a person first. What it did is kept, so that the
        same turn asked again (another attempt, a lost worker, after its wait) goes on where it stopped.

        Raises the classes of `blocks/errors.py`.
        """
        ...

    async def say(self, channel: str, text: str, *, thread: str | None = None, key: str | None = None) -> JsonObject:
        """Post in a channel of the workspace, by id or name, once however often the step is repeated.

        `thread` is the id of a message of the thread. `key` tells several posts of one step apart (null: it has one).
        Gives `message_id` and `channel`.

        Raises `InvalidInput` (`channel_not_found`, `channel_archived`, `thread_not_found`) and as `Chat.post`.
        """
        ...

    async def file(self, reference: JsonObject, most: int) -> Attachment:
        """What a reference stands for, `{"$file": id}` or `{"$blob": id}`, of at most `most` bytes; its `name` counts.

        Raises `InvalidInput` (`file_not_found`, `file_too_large`).
        """
        ...

    async def letter(self, template: str, values: JsonObject, language: str) -> Letter:
        """A mail from one of the templates. Raises `InvalidInput` (`template_unknown`, `template_error`)."""
        ...

    @property
    def memory(self) -> MutableMapping[str, str]:
        """What the attempts of this step keep for the next one. It is never recorded, and gone with the worker."""
        ...

    async def piece(self, reference: JsonObject, start: int, length: int) -> Piece:
        """At most `length` bytes, from `start` on, of what a reference stands for: `{"$file": id}` or `{"$blob": id}`.

        Raises `InvalidInput` (`file_not_found`).
        """
        ...

    def leads_on(self, outlet: str) -> bool:
        """Whether a step of this automation needs that exit of the present one (`needs: ["this:outlet"]`)."""
        ...

    def log(self, text: str, level: Level = Level.INFO) -> None:
        """Add a line to the run's log."""
        ...

    async def charge(self, credits: int) -> int:
        """Charge the workspace with what this step has cost beyond its price, as soon as that is known (0: only ask);
        gives how many credits more it may be charged.

        Never more than `Action.budget` says, nor than the workspace has: then it raises `InvalidInput`
        (`budget_exhausted`, `credits_used_up`), and what there was is charged.
        """
        ...

    async def store(self, content: bytes, media_type: str) -> JsonObject:
        """Keep a large value beside the run; gives the reference that stands for it in outputs:

        `{"$blob": "<id>", "size": <bytes>, "media_type": "..."}`, served by `GET /api/blobs/{id}`.
        """
        ...


class StepModel(BaseModel):
    """Base of inputs and outputs: unknown fields are errors, never silence."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


InputT = TypeVar("InputT", bound=StepModel)


class Action(Described, ABC, Generic[InputT]):
    """One kind of step.

    `name` is permanent: it is the `type` in stored definitions. `example` is a valid `config`.
    `retry_attempts` is the default of `retry.max_attempts` (at most 10). The field that `contains` names is not
    rendered by the step itself.
    """

    name: ClassVar[str]
    title: ClassVar[dict[str, str]]  # by language: {"en": ..., "fr": ...}
    description: ClassVar[dict[str, str]]
    phrase: ClassVar[Mapping[str, str]] = {"en": "run “{title}”", "fr": "exécuter « {title} »"}
    Input: ClassVar[type[StepModel]]
    Output: ClassVar[type[StepModel] | None]
    credits: ClassVar[int] = 0
    timeout_s: ClassVar[float] = 30.0
    retry_attempts: ClassVar[int] = 1
    connection: ClassVar[str | None] = None  # the purpose of the connections that `config.connection` may name
    category: ClassVar[Category] = "apps"  # where the editor's palette shows it
    contains: ClassVar[str | None] = None  # the field of `config` that holds steps
    leads_to: ClassVar[tuple[str, ...]] = ()
    light: ClassVar[bool] = False  # at once and from its input alone: it never waits, never acts, never retries
    calls: ClassVar[str | None] = None  # the field of `config` that names an automation, by id or name
    repeats: ClassVar[bool] = True  # it may stand inside a loop
    brings_in: ClassVar[bool] = False  # what it gives may come from outside
    warm_only: ClassVar[bool] = False  # it needs what a worker of the lane warm has, and a job of another lane has not
    journaled: ClassVar[bool] = False  # it keeps what it did, and goes on from there: being lost leaves no doubt
    example: ClassVar[dict[str, Json]]

    @abstractmethod
    def effect(self, given: InputT) -> Effect:
        """What this very call does to the world (an http GET is not a POST)."""

    def only_reads(self, given: InputT) -> bool:
        """Whether this very call changes nothing anywhere, so that it may be tried out (a GET, not a DELETE)."""
        return self.effect(given) is Effect.PURE

    def budget(self, given: InputT) -> int:
        """The most credits that this very call may be charged beyond the action's price (`ActionContext.charge`)."""
        return 0

    def outlets(self, config: JsonObject) -> tuple[str, ...]:
        """Names of exits that later steps may need besides the step itself and its `error` (`needs: ["this:exit"]`).

        By `leads_to`: `"approved"` is a name, `"{else}"` is named by a field of the config, `"{cases[].name}"` by that
        field of each entry of a list.
        """
        return tuple(name for each in self.leads_to for name in exits.named(each, config))

    @abstractmethod
    async def run(self, given: InputT, context: ActionContext) -> Outcome:
        """Do it. Raises the classes of `blocks/errors.py`."""

    async def wake(
        self, given: InputT, details: JsonObject, answer: JsonObject | None, context: ActionContext
    ) -> Outcome:
        """Go on after a `Wait`: `details` are its own, `answer` is what woke it, None when its time came."""
        return Done(None)

    def recall(self, output: Json) -> Outcome:
        """What a recorded `output` meant when the step ended well, for a run that goes on from its records."""
        return Done(output)
