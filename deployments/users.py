"""`vutler users`: the people of this installation, straight in its database, for whoever runs it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import asyncpg
import typer

from core import db, settings
from core.accounts import administration
from core.db import Connection, Database
from core.errors import VutlerError
from core.settings import BadSetting, Settings
from deployments import databases

app = typer.Typer(help="The people of this installation.", no_args_is_help=True)

T = TypeVar("T")
Email = Annotated[str, typer.Argument(help="The e-mail address of the user.")]


def _refuse(text: str, status: int = 1) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(status)


def _do(work: Callable[[Connection, Settings], Awaitable[T]]) -> T:
    """One transaction on the database of the settings; what goes wrong is said in a sentence."""
    try:
        found = settings.load()
        dsn = databases.vutler_dsn(found)
    except BadSetting as error:
        raise _refuse(f"These settings can't be used: {error}", 2) from error

    async def run() -> T:
        database = Database(dsn, application="vutler users", size=1)
        await database.open()
        try:
            async with database.transaction() as connection:
                return await work(connection, found)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except VutlerError as error:
        raise _refuse(error.detail) from error
    except (*db.AWAY, asyncpg.PostgresError) as error:
        raise _refuse(f"The database {databases.shown(dsn)} can't be used: {error}. Is Vutler running?") from error


@app.command("list")
def list_users() -> None:
    """Everybody, with what is special about them."""
    for user in _do(lambda connection, _: administration.users(connection)):
        marks = [
            word
            for word, holds in (("operator", user.is_operator), ("disabled", user.disabled_at is not None))
            if holds
        ]
        typer.echo("\t".join((user.email, user.name, f"{user.created_at:%Y-%m-%d}", ", ".join(marks))))


@app.command()
def add(
    email: Email, name: Annotated[str, typer.Option(help="Their name; else the first part of the address.")] = ""
) -> None:
    """Make an account with a workspace, also where sign-up is closed, and print the link that sets its password."""
    typer.echo(_do(lambda connection, found: administration.add(connection, email, name, found.public_url)))


@app.command("reset-link")
def reset_link(email: Email) -> None:
    """Print a link that sets a new password: good once, for an hour."""

    async def work(connection: Connection, found: Settings) -> str:
        return await administration.reset_link(
            connection, await administration.user(connection, email), found.public_url
        )

    typer.echo(_do(work))


@app.command()
def disable(email: Email) -> None:
    """Shut somebody out: sessions end, API tokens stop working, within five seconds."""

    async def work(connection: Connection, _: Settings) -> None:
        await administration.disable(connection, await administration.user(connection, email))

    _do(work)
    typer.echo(f"{email} is disabled.")


@app.command()
def enable(email: Email) -> None:
    """Let somebody in again who was disabled; they sign in anew, their API tokens work again."""

    async def work(connection: Connection, _: Settings) -> None:
        await administration.enable(connection, await administration.user(connection, email))

    _do(work)
    typer.echo(f"{email} is enabled.")


@app.command()
def operator(
    email: Email, remove: Annotated[bool, typer.Option("--remove", help="Take it away instead.")] = False
) -> None:
    """Make somebody an operator of this installation."""

    async def work(connection: Connection, _: Settings) -> None:
        found = await administration.user(connection, email)
        await administration.set_operator(connection, found, is_operator=not remove)

    _do(work)
    typer.echo(f"{email} is {'no longer an operator' if remove else 'an operator'}.")
