"""Connection kinds are block types of the real Prefect server, and no tenant's value is there."""

import secrets

from prefect.client.orchestration import PrefectClient
from pydantic import SecretStr

from blocks import registry
from deployments import prefect_blocks

pytest_plugins = ["tests.prefect_fixtures"]


async def test_every_kind_is_a_block_type(client: PrefectClient) -> None:
    await prefect_blocks.register(client)
    await prefect_blocks.register(client)  # at each start
    for name, kind in registry.connections().items():
        made = prefect_blocks.block_classes()[name]
        found = await client.read_block_type_by_slug(f"vutler-{name.replace('_', '-')}")
        assert found.name == f"Vutler: {kind.title['en']}"
        schema = await client.read_block_schema_by_checksum(made._calculate_schema_checksum())
        assert set(kind.Fields.model_fields) <= set(schema.fields["properties"])
        assert set(schema.fields["secret_fields"]) == set(kind.Fields.secret_names())
        documents = await client.read_block_documents_by_type(found.slug)
        assert not [each for each in documents if not str(each.name).startswith("ops-")]  # those of the next test


async def test_an_operators_flow_can_use_one(client: PrefectClient) -> None:
    await prefect_blocks.register(client)
    made = prefect_blocks.block_classes()["http_basic"]
    name = f"ops-{secrets.token_hex(4)}"
    block = made(username="ops", password=SecretStr("of the operator"))
    await block.asave(name, client=client)
    kept = await client.read_block_document_by_name(name, "vutler-http-basic", include_secrets=False)
    assert "of the operator" not in str(kept)
    loaded = await made.aload(name, client=client)
    assert await loaded.headers() == {"Authorization": "Basic b3BzOm9mIHRoZSBvcGVyYXRvcg=="}
