"""``consent-gateway backup``: the embedded database, copied while everything runs, and put back."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gateway.actions.operation.backups import (
    Backup,
    check_nobody_runs,
    erased_since,
    laid_out,
    make_backup,
    make_safe,
    put_in_place,
    read_backup,
)
from gateway.cli.database import migrate_database
from gateway.cli.terminal import (
    CommandFault,
    acting_name,
    done,
    open_services,
    out,
    print_facts,
    progress_bar,
    time_words,
)
from gateway.kit.clock import system_clock
from gateway.kit.settings import Settings, read_settings
from gateway.store.engine.revision import is_newer, newer_words, newest_revision

app = typer.Typer(
    help="Backups of the embedded database; PostgreSQL has its own, and docs/operate/backup.md says how.",
    no_args_is_help=True,
)


@app.command()
def make(
    folder: Annotated[Path, typer.Option("--to", help="The folder; made if need be.")],
    keep_days: Annotated[
        int, typer.Option(min=1, max=3660, help="Backups older than so many days are deleted.")
    ] = 30,
) -> None:
    """Copy the database while everything runs, read the copy through, and delete backups that are too old."""
    database, now = _embedded(read_settings()), system_clock()
    if not database.exists():
        raise CommandFault(f"there is no database at {database} yet.")
    with progress_bar("copying") as progress:
        file, found, dropped = make_backup(database, folder, now, keep_days=keep_days, progress=progress)
    done(f"wrote {file}, and the note beside it; {len(dropped)} older deleted")
    out.print(
        "It opens nothing without the key ring, which is kept apart. Copy both files to another machine."
    )
    _print(found)


@app.command()
def check(file: Annotated[Path, typer.Argument(help="The backup's .db file.")]) -> None:
    """Read a backup through, and hold it against its note. Needs neither database nor key ring."""
    _print(read_backup(file))
    done(f"{file} is whole")


def _print(found: Backup) -> None:
    print_facts(
        {
            "made (UTC)": time_words(found.made_at),
            "schema": found.schema or "empty",
            "signed leaves": found.signed,
            "sha256": found.sha256,
        }
    )


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="The backup's .db file.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Put a backup back. The present database is kept aside, and every partner is paused until you have looked.

    Stop the gateway and the relay first.
    People who were erased after the backup are erased again, if the present database knows of it.
    """
    settings, now = read_settings(), system_clock()
    database, found = _embedded(settings), read_backup(file)
    newest = newest_revision()
    if is_newer(found.schema, newest):
        raise CommandFault(newer_words(found.schema, newest))
    check_nobody_runs(database, now)
    asked = f"Put back what was there on {time_words(found.made_at)} UTC? What came after it is not in it."
    if not yes and not typer.confirm(asked):
        raise CommandFault("nothing was changed.")
    with laid_out(file, database) as fresh:
        erased = erased_since(database, fresh)
        prepared = settings.model_copy(update={"database_url": f"sqlite:///{fresh}"})
        migrate_database(prepared)
        paused = asyncio.run(_make_safe(prepared, erased or []))
        aside = put_in_place(fresh, database, now)
    done(f"{database} is what it was on {time_words(found.made_at)} UTC")
    if aside is not None:
        out.print(f"What was there before is {aside}. Delete it once you need it no more.", soft_wrap=True)
    _say_what_is_left(erased, paused)


def _say_what_is_left(erased: list[str] | None, paused: list[str]) -> None:
    if erased is None:
        out.print(
            "[yellow]look at[/] who was erased after that is there again, and nothing here tells who it was: erase "
            "them again with 'consent-gateway people erase', before you serve.",
            soft_wrap=True,
        )
    else:
        out.print(f"{len(erased)} people who were erased after it are erased again.")
    out.print(
        f"Paused, so that nothing is released before you have looked: {', '.join(paused) or 'no partner'}."
    )
    out.print("Next: docs/operate/restore.md says what to look at before 'consent-gateway partner resume'.")


async def _make_safe(settings: Settings, erased: list[str]) -> list[str]:
    async with open_services(settings) as services:
        return await make_safe(services, acting_name(), erased)


def _embedded(settings: Settings) -> Path:
    """Name the embedded database's file.

    Raises:
        CommandFault: the database is a PostgreSQL.
    """
    kind, _, place = settings.database.partition(":///")
    if kind != "sqlite":
        raise CommandFault(
            "the database is a PostgreSQL, which has backups of its own (pg_basebackup and archived WAL): "
            "docs/operate/backup.md says which."
        )
    return Path(place)
