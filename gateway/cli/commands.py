"""Every command in one application; a command's file is read only when that command is run."""

import gc
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer

from gateway.cli.terminal import BY, PlainGroup, name_who_acts
from gateway.kit.logs import configure_logs

PLACES = {
    "serve": "serve:serve",
    "relay": "mail.relay:relay",
    "migrate": "database:migrate",
    "doctor": "doctor:doctor",
    "backup": "backups:app",
    "settings": "settings:settings",
    "demo": "demo.command:demo",
    "keys": "keys:app",
    "organisation": "accounts.people:organisations",
    "people": "accounts.people:people",
    "partner": "partners.command:app",
    "waiting": "administration.waiting:app",
    "grant": "consent.consents:app",
    "log": "ledger.log:app",
    "receipt": "consent.receipts:app",
}
"""The place of each command or group of commands: the module in this folder and the name in it."""


class Commands(Mapping[str, Any]):
    """The commands by name, each read when needed, because reading them all takes a fifth of a start."""

    def __getitem__(self, name: str) -> Any:
        """Read the command's file."""
        return _read(name, PLACES[name])

    def __iter__(self) -> Iterator[str]:
        """Name them in the order of the help."""
        return iter(PLACES)

    def __len__(self) -> int:
        """Count them."""
        return len(PLACES)


@cache
def _read(name: str, place: str) -> Any:
    file, _, within = place.partition(":")
    found = getattr(import_module(f"gateway.cli.{file}"), within)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False)
        alone.command(name)(found)
        return typer.main.get_command(alone)
    group = typer.main.get_group(found)
    group.name = name
    return group


class AllCommands(PlainGroup):
    """The outermost group."""

    def __init__(self, **settings: Any) -> None:
        """Take the commands from where they are."""
        super().__init__(**settings)
        self.commands: Any = Commands()


app = typer.Typer(
    cls=AllCommands,
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
    by: Annotated[str, BY] = "",
) -> None:
    """Set the logs up, and let the collector work again, before any command runs."""
    configure_logs()
    name_who_acts(by)
    if not gc.isenabled():
        # What was imported stays for as long as we run, so the collector need not search it.
        gc.freeze()
        gc.enable()
