"""A step that says something in a channel: kept before it leaves and when it has left."""

from contextlib import suppress

from blocks.errors import ActionError, InvalidInput, NeedsAttention, Retryable
from blocks.sentences import said
from blocks.services import Chat, Post
from blocks.values import JsonObject
from core.channels.posting import Begun, Draft
from core.connections.signed import Signed
from core.db import AWAY
from flows.execution import Execution


async def say(execution: Execution, draft: Draft, timeout_s: float) -> JsonObject:
    """Post it, once however often the step is repeated; gives `message_id` and `channel`.

    Raises `InvalidInput`, what `Chat.post` raises, and `NeedsAttention` where an earlier attempt may have been posted
    by a service that can't tell.
    """
    posts = execution.tools.posts
    if posts is None:
        raise InvalidInput(
            "channels_not_here", "Channels are posted in from the lane warm; choose it in the automation's settings."
        )
    run = execution.run
    begun = await execution.patiently(lambda: posts.begin(run, draft))
    told: JsonObject = {"message_id": str(begun.message_id), "channel": str(begun.channel.id)}
    if begun.done:
        return told
    try:
        chat = await _chat(execution, begun)
        if begun.again and not (chat.repeatable or chat.looks):
            raise NeedsAttention(
                "post_in_doubt",
                said(
                    "An earlier attempt to post in {channel} had no answer, so that nobody knows whether the message is"
                    " there. Look there.",
                    channel=begun.channel.name,
                ),
            )
        post = Post(begun.channel.external_id, draft.text, draft.key, begun.thread, again=begun.again)
        taken = (await chat.post(post, timeout_s=timeout_s)).get("message_id")
    except ActionError as error:
        if not isinstance(error, Retryable) or error.answered:  # it is not there, or a person is asked
            with suppress(*AWAY):
                await posts.forget(run, begun)
        raise
    await execution.patiently(lambda: posts.sent(run, begun, None if taken is None else str(taken)))
    return told


async def _chat(execution: Execution, begun: Begun) -> Chat:
    tools, run = execution.tools, execution.run
    opened = await execution.patiently(lambda: tools.ledger.connection(run, str(begun.channel.connection_id)))

    async def failed(why: str) -> None:
        with suppress(*AWAY):
            await tools.ledger.connection_failed(run, opened.id, why)

    signed = Signed(opened, tools.http, execution.redactor, tools.tokens, failed)
    return signed.service(Chat)  # type: ignore[type-abstract]
