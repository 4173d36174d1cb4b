"""The command `vutler`.

The long-running ones become a program of their own (exec), so that each imports only what it needs and Prefect's
settings stand before Prefect is imported.
"""

import asyncio
import os
import shlex
import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from core import keys as core_keys
from core import settings as core_settings
from core.settings import BadSetting, Settings
from deployments import demo, doctor, secrets, users
from deployments.children import command
from deployments.prefect_settings import client_environment, client_variables

app = typer.Typer(
    name="vutler",
    help="Create AI agents and automations, run them on triggers and schedules, see exactly what happened.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

secrets_app = typer.Typer(name="secrets", help="The keys that seal secrets at rest.", no_args_is_help=True)
app.add_typer(secrets_app)


app.add_typer(users.app, name="users")


def _settings() -> Settings:
    try:
        return core_settings.load()
    except BadSetting as error:
        raise _refuse(f"These settings can't be used: {error}", 2) from error


def _refuse(text: str, status: int = 1) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(status)


def _become(environment: Mapping[str, str], module: str, *arguments: str) -> None:
    run = command(module, *arguments)
    sys.stdout.flush()
    os.execve(run[0], run, environment)  # noqa: S606 - our own interpreter, our own module


def _worker_environment(settings: Settings) -> dict[str, str]:
    try:
        return client_environment(settings, core_keys.load(settings))
    except (BadSetting, OSError) as error:
        raise _refuse(f"The secret key can't be used: {error}", 2) from error


@app.command()
def up() -> None:
    """Start everything: database, Prefect server, API and workers; keep it running until Ctrl-C."""
    _become(core_settings.inherited(), "deployments.up")


@app.command()
def api() -> None:
    """Run the API alone (for installations over several machines)."""
    _become(core_settings.inherited(), "deployments.serve_api")


@app.command()
def worker(
    slot: Annotated[str, typer.Option(help="The name of this worker on its host; unique there.")] = "1",
) -> None:
    """Run one worker alone."""
    _become(_worker_environment(_settings()), "deployments.serve_worker", "--slot", slot)


@app.command("prefect-server")
def prefect_server() -> None:
    """Run the Prefect server alone, with our settings and our recorder's route."""
    _become(core_settings.inherited(), "deployments.prefect_server")


@app.command()
def env() -> None:
    """Print what the `prefect` command needs to reach our server: eval "$(vutler env)"."""
    settings = _settings()
    try:
        variables = client_variables(settings, core_keys.load(settings))
    except (BadSetting, OSError) as error:
        raise _refuse(f"The secret key can't be used: {error}", 2) from error
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")


@app.command()
def migrate() -> None:
    """Bring the database schema up to date; waits up to a minute for the database."""
    _become(core_settings.inherited(), "deployments.migrate")


@app.command("doctor")
def run_doctor() -> None:
    """Check everything and say how to mend what is wrong; exit status 1 when something is."""
    settings = _settings()
    findings = asyncio.run(doctor.examine(settings))
    for finding in findings:
        print(finding)
    raise typer.Exit(1 if any(finding.level == "fail" for finding in findings) else 0)


@app.command("demo")
def run_demo(
    url: Annotated[str, typer.Option(help="Where the API answers; by default that of the settings.")] = "",
    email: Annotated[str, typer.Option(help="An existing user, when sign-up is closed.")] = "",
    password: Annotated[str, typer.Option(help="The password of --email.", envvar="VUTLER_DEMO_PASSWORD")] = "",
) -> None:
    """Make a demo user and an automation, print the curl line that starts it, and start it once."""
    where = url.rstrip("/") or _settings().local_url
    if bool(email) != bool(password):
        raise _refuse("Give --email and --password together.", 2)
    try:
        asyncio.run(demo.show(where, (email, password) if email else None, print))
    except demo.DemoTrouble as trouble:
        raise _refuse(str(trouble)) from trouble


@secrets_app.command("rotate-key")
def rotate_key(
    go_on: Annotated[bool, typer.Option(help="Make no new key: finish with the newest one.")] = False,
    forget_old: Annotated[bool, typer.Option(help="Take the older keys away once nothing needs them.")] = False,
) -> None:
    """Seal every secret at rest with a new key; everything may run meanwhile."""
    settings = _settings()
    try:
        for line in asyncio.run(secrets.rotate_key(settings, go_on=go_on, forget_old=forget_old)):
            print(line)
    except (BadSetting, OSError, ValueError, secrets.RotationTrouble) as trouble:
        raise _refuse(str(trouble)) from trouble


if __name__ == "__main__":
    app()
