"""The product's own database: what the pages show is compared with it, and time is moved in it."""

from typing import Any

import asyncpg

from core.db import SCHEMA
from deployments.postgres import Embedded
from tests.e2e.product import Product


async def sql(product: Product, statement: str, *values: object) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(Embedded(product.home).dsn("vutler"), server_settings={"search_path": SCHEMA})
    try:
        return [dict(row) for row in await connection.fetch(statement, *values)]
    finally:
        await connection.close()
