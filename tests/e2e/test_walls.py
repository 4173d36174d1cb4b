"""What stands between the product's parts: the roles of their sessions, and Prefect out of everybody's reach."""

import base64
import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from core import keys as core_keys
from core import settings as core_settings
from core.tenancy import APP, ENGINE
from deployments import postgres
from deployments.prefect_settings import prefect_auth
from tests.e2e.product import Product

pytestmark = pytest.mark.e2e

_SESSIONS = """
SELECT DISTINCT split_part(application_name, ' ', 2) || ' ' || usename || ' ' || rolsuper || ' ' || rolbypassrls
FROM pg_stat_activity JOIN pg_roles ON rolname = usename
WHERE datname = 'vutler' AND application_name LIKE 'vutler %' ORDER BY 1
"""
_LISTENS = "0A"  # in /proc/net/tcp
_LOOPBACK = ("0100007F", "00000000000000000000000001000000")


def _status(url: str, method: str = "GET", auth: str | None = None) -> tuple[int, bytes]:
    headers = {"Authorization": "Basic " + base64.b64encode(auth.encode()).decode()} if auth else {}
    asked = urllib.request.Request(url, method=method, headers=headers, data=b"{}" if method != "GET" else None)
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_the_api_and_the_worker_log_in_below_the_wall(product: Product) -> None:
    sessions = postgres.psql(postgres.Embedded(product.home), "vutler", _SESSIONS).split("\n")
    assert [each for each in sessions if each] == [f"api {APP} false false", f"worker {ENGINE} false false"]


def test_prefect_listens_on_loopback_and_asks_for_a_password(product: Product) -> None:
    wanted = f"{product.prefect_port:04X}"
    listening = [
        line.split()[1].rpartition(":")[0]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[1].endswith(f":{wanted}") and line.split()[3] == _LISTENS
    ]
    assert listening
    assert all(each in _LOOPBACK for each in listening), listening
    for path, method in (("/flows/filter", "POST"), ("/deployments/filter", "POST"), ("/admin/settings", "GET")):
        assert _status(product.prefect_url + path, method)[0] == 401, path
        assert _status(product.prefect_url + path, method, "vutler:wrong")[0] == 401, path
    assert _status(f"{product.prefect_url}/vutler/record", "POST")[0] == 401, "our own route into it"


def test_no_path_of_prefect_answers_at_our_door(product: Product) -> None:
    """Every path that Prefect knows, asked of the API: what is not ours is not found, and nothing is passed on."""
    settings = core_settings.load(product.environment)
    auth = prefect_auth(settings, core_keys.load(settings))
    root = product.prefect_url.removesuffix("/api")
    for where in (f"{root}/openapi.json", f"{root}/api/openapi.json"):
        status, body = _status(where, auth=auth)
        if status == 200:
            break
    theirs = json.loads(body)["paths"]
    ours = json.loads(_status(f"{product.url}/api/openapi.json")[1])["paths"]
    assert len(theirs) > 50
    for path in {path.replace("{id}", "0") for path in theirs} | {"/api/vutler/record"}:
        shown = path if path.startswith("/api") else f"/api{path}"
        for method in ("GET", "POST"):
            status, body = _status(product.url + shown.replace("{", "").replace("}", ""), method)
            if shown in ours:
                assert status in (200, 401, 405, 422), f"{method} {shown}"
            else:
                assert status in (401, 404, 405), f"{method} {shown}: {status}"
                assert json.loads(body)["code"], f"{method} {shown} is not an answer of ours"
    for path in ("/prefect", "/dashboard", "/ui"):  # our own page, which says that it knows no such address
        assert _status(product.url + path) == _status(product.url)
        assert _status(product.url + path, "POST")[0] == 405
