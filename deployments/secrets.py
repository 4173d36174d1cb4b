"""`vutler secrets rotate-key`: a new key seals all secrets at rest, while everything runs."""

import asyncpg

from blocks.values import JsonObject
from core import keys as core_keys
from core.audit import noting as audit
from core.connections.resealing import Resealed, reseal
from core.db import Database
from core.keyring import Keyring
from core.seal import Sealer
from core.settings import Settings
from deployments.databases import vutler_dsn

PASSES = 5  # a process that was just sealing with the old key may need another look


class RotationTrouble(Exception):
    """It could not be finished; the text says what to do. All old keys are kept."""


async def rotate_key(settings: Settings, *, go_on: bool = False, forget_old: bool = False) -> list[str]:
    """Make a new key (unless the environment gives the keys, or `go_on` with the newest there is), and seal everything
    with it. Gives sentences for the operator. Raises `RotationTrouble`, `BadSetting`, `OSError`.
    """
    keyring = core_keys.sealing(settings, core_keys.load(settings))
    said: list[str] = []
    if not keyring.is_fixed and not go_on:
        keyring.add()
        said.append("A new key seals from now on.")
    db = Database(vutler_dsn(settings), application="vutler secrets", size=2)
    try:
        await db.open()
        await _note(db, "secrets.rotation_started", {"new": bool(said)})
        total = await _all(db, Sealer(keyring))
        await _note(db, "secrets.rotated", {"resealed": total.done, "forget_old": forget_old})
    except (OSError, asyncpg.PostgresError) as error:
        raise RotationTrouble(f"The database can't be used ({error}). Go on with: {_AGAIN}") from error
    finally:
        await db.close()
    said.append(f"{total.done} secrets were sealed with the newest key; {total.left} were already.")
    return [*said, *_old_keys(keyring, forget=forget_old)]


_AGAIN = "vutler secrets rotate-key --go-on"


async def _all(db: Database, sealer: Sealer) -> Resealed:
    """Look until a whole pass finds nothing more to do."""
    total = Resealed()
    for _ in range(PASSES):
        found = await reseal(db, sealer)
        if found.broken:
            raise RotationTrouble(
                f"None of the keys opens {len(found.broken)} of the secrets ({', '.join(found.broken[:3])}): put the"
                f" missing key back, or delete these rows. All others are done. Then: {_AGAIN}"
            )
        total.done += found.done
        if not found.done:
            total.left = max(found.left - total.done, 0)
            return total
    raise RotationTrouble(f"Other processes keep sealing with an old key: restart them, then: {_AGAIN}")


async def _note(db: Database, action: str, after: JsonObject) -> None:
    async with db.transaction() as connection:
        await audit.note_as(connection, audit.Actor(None, name="vutler secrets"), action, "installation", after=after)


def _old_keys(keyring: Keyring, *, forget: bool) -> list[str]:
    if keyring.is_fixed:
        return [
            "The keys behind the first one in VUTLER_SEAL_KEYS are not needed any more: take them away and restart."
        ]
    if forget:
        keyring.keep_newest()
        return ["The older keys in seal-keys are gone. Save the new one with your backup."]
    return [
        "The older keys are kept, for backups that were made before. Save the file seal-keys with your backup;"
        " --go-on --forget-old takes the older ones away."
    ]
