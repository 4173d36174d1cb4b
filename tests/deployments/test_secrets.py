"""`vutler secrets rotate-key`: every sealed row gets the new key, while processes with the old one go on."""

import stat
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner

from core import keys as core_keys
from core import settings as core_settings
from core.connections import resealing
from core.db import Database
from core.ids import new_id
from core.seal import SealBroken, Sealer
from core.settings import BadSetting, Settings
from deployments import cli, secrets
from deployments.secrets import RotationTrouble, rotate_key

SECRET = "of the tests, with thirty-two characters"


def settings_of(home: Path, dsn: str, **more: str) -> Settings:
    variables = {"VUTLER_HOME": str(home), "VUTLER_DATABASE_URL": dsn, "VUTLER_SECRET_KEY": SECRET}
    return core_settings.load(variables | more)


def sealer_of(settings: Settings) -> Sealer:
    return Sealer(core_keys.sealing(settings, core_keys.load(settings)))


class Vault:
    """Sealed rows in both tables."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.workspace, self.rule = new_id(), new_id()
        self.rows: dict[UUID, tuple[str, UUID]] = {}  # by what it is bound to: the table and the row's id

    async def fill(self, sealer: Sealer, count: int) -> None:
        async with self.db.transaction() as connection:
            await connection.execute(
                "INSERT INTO automation_rules (id, workspace_id, name) VALUES ($1, $2, 'x') ON CONFLICT DO NOTHING",
                self.rule, self.workspace,
            )  # fmt: skip
            for _ in range(count):
                saved, trigger, secret = new_id(), new_id(), new_id()
                sealed = sealer.seal(self.workspace, saved, {"token": str(saved)})
                await connection.execute(
                    "INSERT INTO connections (id, workspace_id, kind, name, sealed) VALUES ($1, $2, 'x', $3, $4)",
                    saved, self.workspace, str(saved), sealed,
                )  # fmt: skip
                await connection.execute(
                    "INSERT INTO automation_triggers (id, rule_id, type, workspace_id) VALUES ($1, $2, 'webhook', $3)",
                    trigger, self.rule, self.workspace,
                )  # fmt: skip
                await connection.execute(
                    "INSERT INTO webhook_secrets (id, trigger_id, sealed) VALUES ($1, $2, $3)",
                    secret, trigger, sealer.seal(self.workspace, trigger, {"token": str(trigger)}),
                )  # fmt: skip
                self.rows |= {saved: ("connections", saved), trigger: ("webhook_secrets", secret)}

    async def opened_by(self, sealer: Sealer) -> int:
        count = 0
        async with self.db.connection() as connection:
            for bound, (table, row) in self.rows.items():
                sealed = await connection.fetchval(f"SELECT sealed FROM {table} WHERE id = $1", row)
                try:
                    count += sealer.open(self.workspace, bound, sealed) == {"token": str(bound)}
                except SealBroken:
                    continue
        return count


@pytest.fixture
def vault(db: Database) -> Vault:
    return Vault(db)


async def test_every_table_with_sealed_rows_takes_part(db: Database) -> None:
    assert await resealing.tables(db) == ["connections", "webhook_secrets"]
    async with db.connection() as connection:
        odd = await connection.fetch(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'tenant_vutler'"
            " AND column_name LIKE '%seal%' AND (column_name <> 'sealed' OR data_type <> 'bytea')"
        )
    assert odd == [], "call the column sealed, so that its key can be rotated"


async def test_a_new_key_seals_everything_while_processes_run(vault: Vault, dsn: str, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, dsn)
    running = sealer_of(settings)
    first = Sealer([core_keys.load(settings).seal])
    await vault.fill(running, 3)
    assert await vault.opened_by(first) == 6
    said = await rotate_key(settings)
    assert "6 secrets were sealed with the newest key; 0 were already." in said
    assert stat.S_IMODE((tmp_path / "seal-keys").stat().st_mode) == 0o600
    assert await vault.opened_by(first) == 0
    await vault.fill(running, 1)  # a process that was started before
    assert await vault.opened_by(running) == 8
    assert await vault.opened_by(first) == 0, "it seals with the new key already"
    newest = Sealer(core_keys.sealing(settings, core_keys.load(settings)).keys()[:1])
    assert await vault.opened_by(newest) == 8
    said = await rotate_key(settings, forget_old=True)
    assert len((tmp_path / "seal-keys").read_text().split()) == 1
    assert await vault.opened_by(running) == 8
    assert await vault.opened_by(newest) == 0


async def test_what_was_broken_off_goes_on(
    vault: Vault, superuser: Database, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "BATCH", 2)
    settings = settings_of(tmp_path, dsn)
    await vault.fill(sealer_of(settings), 5)
    async with superuser.connection() as connection:
        await connection.execute(
            """CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN RAISE EXCEPTION 'the plug is pulled'; END $$"""
        )
        await connection.execute(
            "CREATE TRIGGER break_off BEFORE UPDATE ON webhook_secrets FOR EACH ROW EXECUTE FUNCTION break_off()"
        )
    with pytest.raises(RotationTrouble, match="the plug is pulled"):
        await rotate_key(settings)
    assert await vault.opened_by(sealer_of(settings)) == 10, "both keys are there"
    assert await vault.opened_by(Sealer([core_keys.load(settings).seal])) == 5
    async with superuser.connection() as connection:
        await connection.execute("DROP TRIGGER break_off ON webhook_secrets")
    said = await rotate_key(settings, go_on=True)
    assert said[0] == "5 secrets were sealed with the newest key; 5 were already."
    assert len((tmp_path / "seal-keys").read_text().split()) == 1
    assert await vault.opened_by(Sealer([core_keys.load(settings).seal])) == 0


async def test_a_row_that_no_key_opens_is_named_and_the_old_keys_stay(vault: Vault, dsn: str, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, dsn)
    await vault.fill(sealer_of(settings), 1)
    await vault.fill(Sealer([core_keys.from_secret("x" * 32).seal]), 1)
    with pytest.raises(RotationTrouble, match="None of the keys opens 2 of the secrets \\(connections "):
        await rotate_key(settings, forget_old=True)
    assert await vault.opened_by(sealer_of(settings)) == 2


async def test_keys_by_environment(vault: Vault, dsn: str, tmp_path: Path) -> None:
    before = settings_of(tmp_path, dsn)
    await vault.fill(sealer_of(before), 2)
    listed = settings_of(tmp_path, dsn, VUTLER_SEAL_KEYS=f"{'n' * 32}, {'o' * 32}")
    assert await vault.opened_by(sealer_of(listed)) == 4, "the key of the secret stays behind them"
    said = await rotate_key(listed)
    assert said[0] == "4 secrets were sealed with the newest key; 0 were already."
    assert not (tmp_path / "seal-keys").exists()
    alone = settings_of(tmp_path, dsn, VUTLER_SEAL_KEYS="n" * 32, VUTLER_SECRET_KEY="another-" * 4)
    assert await vault.opened_by(sealer_of(alone)) == 4
    assert await vault.opened_by(sealer_of(before)) == 0
    with pytest.raises(BadSetting, match="at least 32"):
        sealer_of(settings_of(tmp_path, dsn, VUTLER_SEAL_KEYS="short"))


async def test_a_file_that_others_can_read_is_refused(dsn: str, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, dsn)
    core_keys.sealing(settings, core_keys.load(settings)).add()
    (tmp_path / "seal-keys").chmod(0o644)
    with pytest.raises(ValueError, match="chmod 600"):
        sealer_of(settings).seal(new_id(), new_id(), {})


def test_the_command_says_what_it_did(dsn: str, tmp_path: Path) -> None:
    variables = {"VUTLER_HOME": str(tmp_path), "VUTLER_DATABASE_URL": dsn, "VUTLER_SECRET_KEY": SECRET}
    done = CliRunner().invoke(cli.app, ["secrets", "rotate-key", "--forget-old"], env=variables)
    assert done.exit_code == 0, done.output
    assert "A new key seals from now on." in done.output
    assert "The older keys in seal-keys are gone" in done.output
    wrong = variables | {"VUTLER_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    done = CliRunner().invoke(cli.app, ["secrets", "rotate-key"], env=wrong)
    assert done.exit_code == 1
    assert "Go on with: vutler secrets rotate-key --go-on" in done.output


async def test_processes_that_keep_sealing_with_an_old_key_are_noticed(
    vault: Vault, superuser: Database, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(tmp_path, dsn)
    old = Sealer([core_keys.load(settings).seal])
    original = secrets.reseal

    async def with_a_stubborn_process(db: Database, sealer: Sealer) -> resealing.Resealed:
        await vault.fill(old, 1)
        return await original(db, sealer)

    monkeypatch.setattr(secrets, "reseal", with_a_stubborn_process)
    with pytest.raises(RotationTrouble, match="keep sealing with an old key"):
        await rotate_key(settings)
