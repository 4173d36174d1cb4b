"""A provider of models that is there already, where the test is about something else."""

from tests.e2e.person import Person
from tests.vendors.openai import KEY, OpenAIServer


async def connect(person: Person, models: OpenAIServer) -> None:
    fields = {"api_key": KEY, "base_url": models.url, "default_model": "gpt-5-mini"}
    body = {"kind": "openai", "name": "OpenAI", "fields": fields}
    status, answer = await person.send("POST", "/api/connections", body)
    assert status == 201, answer
