"""What every command shares: two consoles, faults in plain words, and services for as long as a command runs."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from typer.core import TyperGroup

from gateway.actions.log_folder import ArchiveFault
from gateway.actions.partners import UnpublishableError
from gateway.actions.services import Services
from gateway.app import build_services, opened
from gateway.kit.errors import Refusal
from gateway.kit.key_ring import KeyRingError
from gateway.kit.sealing import SealBroken
from gateway.kit.settings import Settings, SettingsError, read_settings
from gateway.store.revision import DatabaseDown, check_schema
from partners import ManifestError

T = TypeVar("T")
ACTOR = "cli"
"""Who acts, in the record of administrators' acts: whoever may run commands on this machine."""

PIPE_WIDTH = 200
out = Console(highlight=False)
err = Console(highlight=False, stderr=True)

JSON = typer.Option("--json", help="Print one JSON document and nothing else.")


class Fault(Exception):
    """A command cannot do what it was asked for; the text says why, and what to do next."""


class PlainGroup(TyperGroup):
    """The outermost group: whatever goes wrong is said in plain words; no stack trace is ever shown."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a fault ends it with status 1."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
        except Exception as error:
            err.print(f"[bold red]✗[/] {escape(words_for(error))}", soft_wrap=True)
            raise typer.Exit(1) from None


def words_for(error: Exception) -> str:
    """Say a fault in plain words."""
    match error:
        case Fault() | ArchiveFault() | SettingsError() | KeyRingError() | DatabaseDown():
            return str(error)
        case ManifestError():
            return f"the manifest has {len(error.faults)} fault(s):\n{error}"
        case UnpublishableError():
            return f"the manifest cannot go live as it is:\n{error}"
        case Refusal():
            return f"{error.description} ({error.detail})"
        case SealBroken():
            return f"the key ring does not open what the database holds: {error}. Restore the ring that belongs to it."
        case _:
            return (
                f"something went wrong that should not ({error.__class__.__name__} at {_place_of(error)}). "
                "Nothing half-done was kept. 'consent-gateway doctor' may say more."
            )


def _place_of(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "an unknown place"
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"


@asynccontextmanager
async def open_services(settings: Settings | None = None) -> AsyncIterator[Services]:
    """Open the services over a database whose schema is up to date."""
    settings = settings or read_settings()
    services = build_services(settings)
    await check_schema(settings.database)
    async with opened(services):
        yield services


def with_services(work: Callable[[Services], Coroutine[Any, Any, T]]) -> T:
    """Run a command's work over open services."""

    async def run() -> T:
        async with open_services() as services:
            return await work(services)

    return asyncio.run(run())


def print_json(content: Any) -> None:
    """Print a JSON document."""
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; cells wrap rather than lose anything."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=SIMPLE_HEAD)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(cell)) for cell in row))
    # A pipe has no width: whoever reads it there wants each row on a line.
    (out if out.is_terminal else Console(highlight=False, width=PIPE_WIDTH)).print(table)


def print_facts(facts: Mapping[str, object]) -> None:
    """Print names and values, one a line."""
    width = max(map(len, facts))
    for name, value in facts.items():
        out.print(f"[bold]{name:<{width}}[/]  {escape(str(value))}", soft_wrap=True)


def done(text: str) -> None:
    """Say that something was done."""
    out.print(f"[green]✓[/] {escape(text)}", soft_wrap=True)


def time_words(at: int | None) -> str:
    """Spell a time, UTC."""
    return "–" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


@contextmanager
def progress_bar(title: str, total: int | None = None) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on the error console; the caller tells how many of how many are done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=not err.is_terminal) as progress:
        task = progress.add_task(title, total=total)
        yield lambda count, of: progress.update(task, completed=count, total=of)
