"""Errors on the wire: one shape for everything, and what happens when parts are away."""

import asyncio
import json
import uuid
from contextlib import suppress

import httpx
import pytest

from api.app import create_app
from api.problems import path_of
from core.accounts.tokens import AccessTokens
from core.db import Database
from core.ids import new_id
from core.keys import Keys
from core.settings import Settings
from core.tenancy import APP
from tests import postgres
from tests.api.conftest import Tenant, client_of, problem, serve, until
from tests.api.rows import SECRET, add_webhook


async def test_routing_errors_are_problems(client: httpx.AsyncClient) -> None:
    problem(await client.get("/api/nothing"), 404, "not_found")
    problem(await client.get("/assets/nothing.js"), 404, "not_found")
    problem(await client.post("/"), 405, "method_not_allowed")
    answer = await client.put("/api/me")
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, PATCH"
    answer = await client.request("TRACE", f"/api/automations/{uuid.uuid4()}")
    assert answer.headers["allow"] == "DELETE, GET, PATCH, PUT"


async def test_answers_carry_the_security_headers(client: httpx.AsyncClient, ada: Tenant) -> None:
    for path in ("/healthz", "/api/me", "/api/nothing", "/api/docs", "/api/openapi.json"):
        answer = await client.get(path, headers=ada.headers)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "script-src" not in answer.headers["content-security-policy"]
        assert answer.headers["content-security-policy"].startswith("default-src 'self'")
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers


@pytest.mark.proves("S6.7 (2)")
async def test_request_ids(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/nothing", headers={"X-Request-Id": "my-id.7"})
    assert answer.headers["x-request-id"] == "my-id.7"
    assert answer.json()["request_id"] == "my-id.7"
    for bad in ("a b", "x" * 65, "<script>", "é".encode(), ""):
        made = (await client.get("/healthz", headers={"X-Request-Id": bad})).headers["x-request-id"]
        assert uuid.UUID(made).version == 7


@pytest.mark.proves("S6.7 (3)")
async def test_the_unexpected_is_a_500_with_a_traceback_in_the_log(
    settings: Settings, keys: Keys, app_dsn: str, capfd: pytest.CaptureFixture[str]
) -> None:
    app = create_app(settings, keys, Database(app_dsn, application="test"))

    @app.get("/api/broken")
    async def broken() -> None:
        raise ZeroDivisionError("inner fact")

    async with serve(app) as served, client_of(served) as client:
        answer = await client.get("/api/broken")
        body = problem(answer, 500, "internal_error")
        assert "inner fact" not in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"
    written = capfd.readouterr().out
    assert "ZeroDivisionError" in written
    assert body["request_id"] in written


@pytest.mark.parametrize(
    ("location", "path"),
    [
        (("body", "actions", 1, "config", "url"), "actions[1].config.url"),
        (("body",), "body"),
        (("query", "limit"), "query.limit"),
        (("body", 0, 1, "a"), "[0][1].a"),
    ],
)
def test_paths_of_findings(location: tuple[int | str, ...], path: str) -> None:
    assert path_of(location) == path


async def test_without_postgresql_everything_but_healthz_is_503_and_comes_back(settings: Settings, keys: Keys) -> None:
    """The database appears only after the API has started."""
    name = f"t_{uuid.uuid4().hex}"
    app = create_app(settings, keys, Database(postgres.server().dsn(name, APP), application="test"))
    token = AccessTokens(keys.jwt).issue(new_id(), new_id(), new_id())
    async with serve(app) as served, client_of(served) as client:
        assert (await client.get("/healthz")).text == "ok"
        for method, path in (("GET", "/api/me"), ("GET", "/api/automations/logs"), ("POST", "/api/webhooks/wh_1")):
            answer = await client.request(method, path, headers={"Authorization": f"Bearer {token}"})
            problem(answer, 503, "database_away")
            assert int(answer.headers["retry-after"]) >= 1
        login = await client.post("/api/auth/login", json={"email": "a@example.org", "password": "x"})
        problem(login, 503, "database_away")
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["database"]) == (503, "away")
        postgres.create(name)
        try:

            async def back() -> bool:
                return (await client.get("/api/me", headers={"Authorization": f"Bearer {token}"})).status_code == 401

            await until(back, 20)
        finally:
            await app.state.services.db.close()
    postgres.drop(name)


async def test_connections_that_break_are_made_anew(
    client: httpx.AsyncClient, db: Database, superuser: Database, ada: Tenant
) -> None:
    hook = await add_webhook(db, ada)
    headers = {"X-Webhook-Secret": SECRET}
    assert (await client.post(hook.path, headers=headers)).status_code == 202
    async with superuser.connection() as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'test api%'"
        )

    async def works() -> bool:
        answer = await client.post(hook.path, headers=headers)
        assert answer.status_code in (202, 503), answer.text
        return answer.status_code == 202

    await until(works)


class Wire:
    """A TCP way to the run's PostgreSQL that can be cut and mended."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_unix_connection(str(postgres.server().sockets / ".s.PGSQL.5432"))
        self._writers |= {writer, there[1]}
        await asyncio.gather(self._copy(reader, there[1]), self._copy(there[0], writer))

    @staticmethod
    async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                target.write(data)
                await target.drain()
        target.transport.abort()


async def test_postgresql_that_goes_away_is_503_and_comes_back(
    settings: Settings, keys: Keys, app_dsn: str, db: Database
) -> None:
    wire = Wire()
    await wire.mend()
    name = app_dsn.split("/")[3].partition("?")[0]
    over_tcp = f"postgresql://{APP}@127.0.0.1:{wire.port}/{name}?sslmode=disable"
    app = create_app(settings, keys, Database(over_tcp, application="test"))
    headers = {"X-Webhook-Secret": SECRET}
    async with serve(app) as served, client_of(served) as client:

        async def listening() -> bool:
            return bool(app.state.services.listener.connected)

        await until(listening)
        hook = await add_webhook(db, Tenant("", "", new_id(), new_id()))
        assert (await client.post(hook.path, headers=headers)).status_code == 202
        await wire.cut()
        for _ in range(3):
            answer = await client.post(hook.path, headers=headers)
            problem(answer, 503, "database_away")
            assert int(answer.headers["retry-after"]) >= 1
        assert (await client.get("/readyz")).json()["database"] == "away"
        assert (await client.get("/healthz")).status_code == 200
        await wire.mend()
        assert (await client.post(hook.path, headers=headers)).status_code == 202
        await until(listening)
        async with db.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM automation_logs") == 2, "2xx means committed"
    await wire.cut()


@pytest.mark.proves("S6.7 (1)")
async def test_readiness(client: httpx.AsyncClient, db: Database) -> None:
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"database": "ready", "worker": "coming", "prefect": "coming"})
    async with db.connection() as connection:
        await connection.execute("INSERT INTO workers (owner, host, slot, concurrency) VALUES ('w', 'h', '1', 10)")
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["worker"]) == (200, "ready")
    async with db.connection() as connection:
        await connection.execute("UPDATE workers SET seen_at = now() - interval '11 seconds'")
    assert (await client.get("/readyz")).status_code == 503


@pytest.mark.proves("S6.7 (1)")
async def test_health_is_for_operators(client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant) -> None:
    async with db.connection() as connection:
        await connection.execute("INSERT INTO workers (owner, host, slot, concurrency) VALUES ('w', 'h', '1', 10)")
    answer = await client.get("/api/health", headers=ada.headers)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["database"]["listening"] is True
    assert [each["owner"] for each in body["workers"]] == ["w"]
    assert body["queue"] == {"queued": 0, "running": 0, "waiting": 0, "untold": 0, "oldest_queued_s": 0}
    problem(await client.get("/api/health", headers=eve.headers), 403, "operator_only")


@pytest.mark.proves("S6.7 (1)")
async def test_prefect_is_seen_when_it_answers(settings: Settings, keys: Keys, app_dsn: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\ntrue")
        await writer.drain()
        writer.close()

    asked: list[bytes] = []
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as prefect:
        port = prefect.sockets[0].getsockname()[1]
        app = create_app(_with_prefect(settings, port), keys, Database(app_dsn, application="test"))
        async with serve(app) as served, client_of(served) as client:
            answers = [(await client.get("/readyz")).json()["prefect"] for _ in range(5)]
    assert set(answers) == {"ready"}
    assert len(asked) == 1, "probes ask often, Prefect is asked seldom"
    assert asked[0].startswith(b"GET /api/health ")


def _with_prefect(settings: Settings, port: int) -> Settings:
    values = {name: getattr(settings, name) for name in settings.__dataclass_fields__}
    return Settings(**(values | {"prefect_port": port}))


async def test_problems_are_json_of_their_own_type(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/auth/login", content=b"{", headers={"Content-Type": "application/json"})
    body = problem(answer, 422, "invalid_request")
    assert body["errors"][0]["at"] == "body"
    assert json.loads(answer.content) == body


async def test_fields_are_told_in_the_readers_language(client: httpx.AsyncClient) -> None:
    body = {"email": "a@example.com", "password": 7}
    for language, said in (("fr", "Il faut ici un texte."), ("en", "This must be a text.")):
        answer = await client.post("/api/auth/login", json=body, headers={"Accept-Language": language})
        assert problem(answer, 422, "invalid_request")["errors"] == [{"at": "password", "message": said}]
