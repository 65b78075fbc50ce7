"""``consent-gateway migrate``: the schema, up and down."""

import asyncio
from typing import Annotated

import typer

from gateway.cli.terminal import CommandFault, done
from gateway.kit.settings import Settings, read_settings
from gateway.store.engine.probes import move_schema


def migrate(
    to: Annotated[str | None, typer.Option("--to", help="A revision; default: the newest.")] = None,
    down: Annotated[
        bool, typer.Option("--down", help="Go down; without --to: to an empty database.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before going down.")] = False,
) -> None:
    """Bring the database to the newest schema. Going down loses what the later schema holds."""
    settings = read_settings()
    if down and not yes and not typer.confirm("What the later schema holds will be lost. Go down?"):
        raise CommandFault("nothing was changed.")
    before, after = migrate_database(settings, to, down=down)
    if before == after:
        done(f"the schema is {after or 'empty'} already")
    else:
        done(f"the schema went from {before or 'empty'} to {after or 'empty'}")


def migrate_database(
    settings: Settings, to: str | None = None, *, down: bool = False
) -> tuple[str | None, str | None]:
    """Migrate the configured database; an embedded one's folder is created, readable by its owner only."""
    if not settings.database_url:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return asyncio.run(move_schema(settings.database, to, down=down))
