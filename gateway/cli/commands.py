"""Every command in one application."""

from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from gateway.cli import (
    database,
    doctor,
    grants,
    handoffs,
    keys,
    partners,
    people,
    receipts,
    relay,
    serve,
    settings,
    witness,
)
from gateway.cli.demo.command import demo
from gateway.cli.terminal import PlainGroup
from gateway.kit.logs import configure_logs

app = typer.Typer(
    cls=PlainGroup,
    help="Let people opt in to partners' combined services; release only what they chose; log every hand-off.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        try:
            typer.echo(version("consent-gateway"))
        except PackageNotFoundError:
            typer.echo("not installed")
        raise typer.Exit


@app.callback()
def prepare(
    _: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Set the logs up before any command runs."""
    configure_logs()


app.command("serve")(serve.serve)
app.command("relay")(relay.relay)
app.command("migrate")(database.migrate)
app.command("doctor")(doctor.doctor)
app.command("settings")(settings.settings)
app.command("demo")(demo)
app.add_typer(keys.app, name="keys")
app.add_typer(people.organisations, name="organisation")
app.add_typer(people.people, name="people")
app.add_typer(partners.app, name="partner")
app.add_typer(grants.app, name="grant")
handoffs.app.command("witness")(witness.witness)
app.add_typer(handoffs.app, name="log")
app.add_typer(receipts.app, name="receipt")
