"""Settings and keys: what an operator may write, and what is said when it can't be used."""

import stat
import threading
from pathlib import Path

import pytest

from core import keys, settings
from core.settings import BadSetting
from deployments import databases
from deployments.prefect_settings import client_variables, prefect_auth, server_environment, write_auth

SECRET = "0123456789abcdef" * 2


def test_nothing_set_is_a_working_installation() -> None:
    found = settings.load({})
    assert (found.host, found.port, found.prefect_port, found.workers) == ("127.0.0.1", 8000, 4200, 1)
    assert found.worker_concurrency == 100
    assert found.public_url == "http://127.0.0.1:8000"
    assert found.prefect_url == "http://127.0.0.1:4200/api"
    assert found.owns_prefect
    assert not found.signup_open
    assert settings.default_home(0) == Path("/var/lib/vutler")
    assert settings.default_home(1000) == Path.home() / ".local/share/vutler"


def test_everything_set() -> None:
    found = settings.load(
        {
            "VUTLER_HOME": "/data",
            "VUTLER_HOST": "0.0.0.0",
            "VUTLER_PORT": "80",
            "VUTLER_PUBLIC_URL": "https://vutler.example/",
            "VUTLER_PREFECT_API_URL": "https://prefect.example/api/",
            "VUTLER_PREFECT_AUTH": "me:you",
            "VUTLER_WORKERS": "0",
            "VUTLER_HTTP_ALLOW_HOSTS": "intranet:8080, 10.0.0.0/8 ,",
            "VUTLER_SIGNUP": "open",
        }
    )
    assert found.home == Path("/data")
    assert found.local_url == "http://127.0.0.1:80"
    assert found.public_url == "https://vutler.example"
    assert found.prefect_url == "https://prefect.example/api"
    assert not found.owns_prefect
    assert found.http_allow_hosts == ("intranet:8080", "10.0.0.0/8")
    assert found.signup_open


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("VUTLER_PORT", "0", "a whole number from 1 to 65535, not '0'"),
        ("VUTLER_PORT", "65536", "from 1 to 65535"),
        ("VUTLER_PORT", "8000.0", "a whole number"),
        ("VUTLER_PORT", "٨٠", "a whole number"),
        ("VUTLER_WORKERS", "-1", "from 0 to 64"),
        ("VUTLER_SIGNUP", "closed", "either unset or 'open'"),
        ("VUTLER_SECRET_KEY_FILE", "/does/not/exist", "can't be read: No such file"),
        ("VUTLER_PUBLIC_URL", "vutler.example", "a URL such as https://"),
        ("VUTLER_PUBLIC_URL", "https://vutler.example:port", "a URL such as https://"),
        ("VUTLER_PUBLIC_URL", "https://vutler.example/?a=1", "a URL such as https://"),
        ("VUTLER_PREFECT_API_URL", "ftp://prefect.example/api", "a URL such as https://"),
        ("VUTLER_HTTP_ALLOW_HOSTS", "intranet, http://x", "no valid port"),
        ("VUTLER_HTTP_ALLOW_HOSTS", "300.1.1.1/99", "neither host[:port] nor a network"),
        ("VUTLER_LOG_LEVEL", "loud", "one of debug, info, warning, error, not 'loud'"),
        ("VUTLER_CRASH_AT", "nowhere:1", "with a point of accepted, heard, kept, claimed,"),
        ("VUTLER_CRASH_AT", "claimed:0", "a crash point is <point> or <point>:<nth>"),
    ],
)
def test_what_can_not_be_used_is_named(name: str, value: str, said: str) -> None:
    with pytest.raises(BadSetting) as refused:
        settings.load({name: value})
    assert name.removesuffix("_FILE") in str(refused.value)
    assert said in str(refused.value)


def test_secrets_also_as_files(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{SECRET}\n")
    found = settings.load({"VUTLER_SECRET_KEY_FILE": str(file), "VUTLER_DATABASE_URL_FILE": str(file)})
    assert found.secret_key == SECRET
    assert found.database_url == SECRET


def test_a_child_gets_absolute_paths_and_nobody_elses_prefect() -> None:
    given = {"VUTLER_HOME": "here", "VUTLER_SECRET_KEY_FILE": "key", "PREFECT_API_URL": "http://other", "PATH": "/bin"}
    assert settings.inherited(given) == {
        "VUTLER_HOME": str(Path("here").absolute()),
        "VUTLER_SECRET_KEY_FILE": str(Path("key").absolute()),
        "PATH": "/bin",
    }


# keys ----------------------------------------------------------------------------------------------------------------


def test_the_secret_is_made_once_and_for_us_alone(tmp_path: Path) -> None:
    found = settings.load({"VUTLER_HOME": str(tmp_path / "home")})
    made = keys.load(found)
    file = found.home / keys.FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text().strip()) == 64
    assert keys.load(found) == made
    assert [entry.name for entry in found.home.iterdir()] == [keys.FILE]


def test_all_who_start_at_once_have_the_same_keys(tmp_path: Path) -> None:
    found = settings.load({"VUTLER_HOME": str(tmp_path)})
    made: list[keys.Keys] = []
    threads = [threading.Thread(target=lambda: made.append(keys.load(found))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 16
    assert len(set(made)) == 1


def test_each_use_has_a_key_of_its_own() -> None:
    made = keys.from_secret(SECRET)
    assert len({made.jwt, made.seal, made.prefect_encryption.encode(), made.prefect_auth.encode()}) == 4
    assert len(made.jwt) == 32
    assert made != keys.from_secret(SECRET[::-1])
    assert SECRET not in repr(made)
    assert made.prefect_auth not in repr(made)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    found = settings.load({"VUTLER_HOME": str(tmp_path)})
    keys.load(found)
    (tmp_path / keys.FILE).chmod(0o644)
    with pytest.raises(BadSetting, match="chmod 600"):
        keys.load(found)


def test_a_damaged_key_is_not_replaced(tmp_path: Path) -> None:
    found = settings.load({"VUTLER_HOME": str(tmp_path)})
    keys.load(found)
    (tmp_path / keys.FILE).write_text("")
    with pytest.raises(BadSetting, match="from your backup"):
        keys.load(found)
    assert (tmp_path / keys.FILE).read_text() == ""


# databases -----------------------------------------------------------------------------------------------------------


def test_prefects_database_lies_beside_ours() -> None:
    found = settings.load({"VUTLER_DATABASE_URL": "postgres://me:p%40ss%2F@db:5433/my?sslmode=require"})
    assert databases.vutler_dsn(found) == "postgresql://me:p%40ss%2F@db:5433/my?sslmode=require"
    assert databases.prefect_dsn(found) == "postgresql://me:p%40ss%2F@db:5433/my_prefect?sslmode=require"
    assert databases.prefect_database(found) == "my_prefect"
    assert databases.shown(databases.vutler_dsn(found)) == "postgresql://me:***@db:5433/my?sslmode=require"


@pytest.mark.parametrize("url", ["mysql://db/x", "postgresql://db", "db/x", "postgresql:///"])
def test_what_is_no_database_is_refused(url: str) -> None:
    with pytest.raises(BadSetting, match="VUTLER_DATABASE_URL must look like"):
        databases.vutler_dsn(settings.load({"VUTLER_DATABASE_URL": url}))


# Prefect's settings --------------------------------------------------------------------------------------------------


def test_the_prefect_server_is_ours_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://somebody.example/api")
    monkeypatch.setenv("PREFECT_PROFILE", "mine")
    monkeypatch.setenv("PREFECT_SERVER_SERVICES_SCHEDULER_MAX_RUNS", "7")
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "not:this")
    found = settings.load({"VUTLER_HOME": str(tmp_path), "VUTLER_SECRET_KEY": SECRET})
    environment = server_environment(found, keys.load(found))
    assert environment["PREFECT_SERVER_SERVICES_SCHEDULER_MAX_RUNS"] == "7", "an operator may tune it"
    assert environment["PREFECT_SERVER_API_AUTH_STRING"] == keys.load(found).prefect_auth
    assert environment["PREFECT_PROFILES_PATH"].startswith(str(tmp_path))
    assert environment["PREFECT_API_DATABASE_CONNECTION_URL"].startswith("postgresql+asyncpg://postgres@/prefect?host=")
    assert not {"PREFECT_API_URL", "PREFECT_PROFILE"} & environment.keys()


def test_who_talks_to_prefect_knows_its_password(tmp_path: Path) -> None:
    own = settings.load({"VUTLER_HOME": str(tmp_path), "VUTLER_SECRET_KEY": SECRET})
    made = keys.load(own)
    assert client_variables(own, made)["PREFECT_API_AUTH_STRING"] == made.prefect_auth
    write_auth(own, made)
    assert (tmp_path / "prefect-auth").read_text().strip() == made.prefect_auth
    assert stat.S_IMODE((tmp_path / "prefect-auth").stat().st_mode) == 0o600

    other = settings.load({"VUTLER_PREFECT_API_URL": "http://prefect.example/api", "VUTLER_SECRET_KEY": SECRET})
    assert prefect_auth(other, made) is None
    assert "PREFECT_API_AUTH_STRING" not in client_variables(other, made)
