"""What commands share: two consoles, faults in plain words, and services for as long as a command runs."""

import asyncio
import errno
import json
import os
import pwd
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TypeVar

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from typer.core import TyperGroup

from gateway.actions.ledger.folder import ArchiveFault
from gateway.actions.ledger.sequencer import LogFork
from gateway.actions.operation.backups import BackupFault
from gateway.actions.operation.masters import GatewaysBehind, StillInUse
from gateway.actions.operation.seals import ForeignRing, RingBehind, check_ring
from gateway.actions.partners.go_live import UnpublishableError
from gateway.actions.services import Services
from gateway.app import build_services, opened
from gateway.kit.database_address import AddressFault
from gateway.kit.errors import Refusal
from gateway.kit.secrets.key_ring import RESTORE, KeyRingError
from gateway.kit.secrets.sealing import SealBroken
from gateway.kit.settings import Settings, SettingsError, read_settings
from gateway.model.administration.waiting import COMMAND_LINE, Administrator
from gateway.store.engine.revision import DatabaseDown, check_schema, words_of_database
from partners import ManifestError

T = TypeVar("T")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", re.ASCII)
_BY: ContextVar[str] = ContextVar("by")

PIPE_WIDTH = 200
out = Console(highlight=False)
err = Console(highlight=False, stderr=True)

BY = typer.Option(
    "--by",
    metavar="NAME",
    help="Who stands behind what is done; it stands in the record. The system's user unless given.",
)
JSON = typer.Option("--json", help="Print one JSON document and nothing else.")


class CommandFault(Exception):
    """A command cannot do what it was asked for; the text says why, and what to do next."""


def name_who_acts(name: str) -> None:
    """Keep the name of who runs this command, as given or as the operating system's user.

    Raises:
        BadParameter: a name that could not stand in the record, such as an e-mail address.
    """
    if name and _NAME.fullmatch(name) is None:
        raise typer.BadParameter("a short name of letters, digits, . _ and -", param_hint="--by")
    _BY.set(name or _system_user())


def _system_user() -> str:
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        # A container may run under a number that has no name.
        name = ""
    return name if _NAME.fullmatch(name) else f"uid-{os.getuid()}"


def acting_name() -> str:
    """Give the name for the record of administrators' acts, `cli:` and the name of who acts."""
    return f"{COMMAND_LINE}:{_BY.get()}"


def at_command_line() -> Administrator:
    """Give the person at the command line as an administrator; this machine gives them every power anyway."""
    return Administrator(acting_name())


class PlainGroup(TyperGroup):
    """The outermost group, which reports every fault in plain words and never shows a stack trace."""

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
        case CommandFault() | ArchiveFault() | SettingsError() | KeyRingError() | DatabaseDown():
            return str(error)
        case BackupFault() | GatewaysBehind() | StillInUse() | ForeignRing() | RingBehind() | AddressFault():
            return str(error)
        case ManifestError():
            return f"the manifest has {len(error.faults)} fault(s):\n{error}"
        case UnpublishableError():
            return f"the manifest cannot go live as it is:\n{error}"
        case Refusal() if words := words_of_database(error.__cause__):
            return words
        case Refusal():
            return f"{error.description} ({error.detail})"
        case LogFork():
            return (
                f"the log does not continue what was signed last ({error}), so nothing more is signed. "
                "Keep a copy of the database, then run 'consent-gateway log verify', which says where it breaks."
            )
        case SealBroken():
            return f"the key ring does not open what the database holds: {error}. {RESTORE}"
        case UnicodeDecodeError():
            return "a file that was named is not text in UTF-8. Save it as UTF-8, then run this again."
        case OSError() if error.errno in _OS_ADVICE:
            place = f"{error.filename}: " if error.filename else ""
            return f"{place}{error.strerror}. {_OS_ADVICE[error.errno]}"
        case _ if words := words_of_database(error):
            return words
        case _:
            return (
                f"something went wrong that should not ({error.__class__.__name__} at {_place_of(error)}). "
                "Nothing half-done was kept. 'consent-gateway doctor' may say more."
            )


_ROOM = "Make room, then run this again."
_RIGHTS = "Let the user who runs this read and write there, or name another place."
_OS_ADVICE = {
    errno.ENOENT: "Correct the name, or make what is missing.",
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EROFS: "It is on a file system that cannot be written: name another place.",
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EISDIR: "Name a file in place of the folder.",
    errno.ENOTDIR: "A part of the name is a file, where a folder has to be: name another place.",
    errno.EEXIST: "Something else is there: name another place.",
}
"""What to do about a fault of the machine, by its number."""


def _place_of(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "an unknown place"
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"


@asynccontextmanager
async def open_services(settings: Settings | None = None) -> AsyncIterator[Services]:
    """Open the services over a database whose schema is up to date, and whose key ring is the right one."""
    settings = settings or read_settings()
    services = build_services(settings)
    await check_schema(settings.database)
    async with opened(services):
        await check_ring(services)
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
    # A pipe has no width, and its reader wants each row on one line.
    (out if out.is_terminal else Console(highlight=False, width=PIPE_WIDTH)).print(table)


def print_facts(facts: Mapping[str, object]) -> None:
    """Print names and values, one a line."""
    width = max(map(len, facts))
    for name, value in facts.items():
        out.print(f"[bold]{name:<{width}}[/]  {escape(str(value))}", soft_wrap=True)


def done(text: str) -> None:
    """Say that something was done."""
    out.print(f"[green]✓[/] {escape(text)}", soft_wrap=True)


def say(text: str) -> None:
    """Print a note on the error console, apart from the output that was asked for."""
    err.print(escape(text), soft_wrap=True)


def time_words(at: int | None) -> str:
    """Spell a time, UTC."""
    return "–" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


@contextmanager
def progress_bar(title: str, total: int | None = None) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on the error console; the caller reports how many of how many are done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=not err.is_terminal) as progress:
        task = progress.add_task(title, total=total)
        yield lambda count, of: progress.update(task, completed=count, total=of)
