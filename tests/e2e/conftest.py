"""A product of a module's own, whose steps may reach an echo server of the test."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.e2e.person import Person
from tests.e2e.product import Product, free_port
from tests.echo import Echo


@pytest.fixture(scope="module")
def echo_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def product(echo_port: int) -> Iterator[Product]:
    with Product({"VUTLER_HTTP_ALLOW_HOSTS": f"127.0.0.1:{echo_port}"}) as product:
        product.wait_prefect()
        yield product


@pytest.fixture
async def echo(echo_port: int) -> AsyncIterator[Echo]:
    async with Echo(port=echo_port) as echo:
        yield echo


@pytest.fixture
async def person(product: Product) -> AsyncIterator[Person]:
    async with Person(product.url) as person:
        yield person
