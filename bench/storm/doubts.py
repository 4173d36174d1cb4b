"""A person who answers questions about steps in doubt: it was done, do it again, or give up."""

import random

from bench.storm.installation import Installation
from tests.e2e.person import Person

_ANSWERED = 0.5  # the share of the questions that somebody answers
_QUESTIONS = "SELECT id::text FROM approvals WHERE kind = 'doubt' AND state = 'pending' ORDER BY id"


async def answer_some(installation: Installation, person: Person, chance: random.Random) -> int:
    """Answer a part of the open questions through the API; gives how many were taken."""
    async with installation.connection() as connection:
        if await connection.fetchval("SELECT to_regclass('approvals') IS NULL"):
            return 0
        questions = [row["id"] for row in await connection.fetch(_QUESTIONS)]
    taken = 0
    for question in chance.sample(questions, round(len(questions) * _ANSWERED)):
        decision = {"decision": chance.choice(("done", "repeat", "cancel"))}
        status, answer = await person.send("POST", f"/api/approvals/{question}/answer", decision)
        if status == 409 and answer["code"] == "question_withdrawn":
            continue  # another answer has cancelled its run
        assert status == 200, answer
        taken += 1
    return taken
