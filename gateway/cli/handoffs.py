"""``consent-gateway log``: reading and checking the hand-off log; names and ids, never a value."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.actions.admin_log import LogCheck, LogSearch, check_log, read_log
from gateway.actions.admin_record import record_look
from gateway.actions.log_archive import Pruned, archive_log, prune_log
from gateway.actions.log_export import Span, export_log
from gateway.actions.log_folder import LogFolder
from gateway.actions.log_verification import TreeCheck, verify_tree
from gateway.actions.sequencer import Sequencer
from gateway.actions.services import Services
from gateway.cli.terminal import (
    ACTOR,
    JSON,
    Fault,
    done,
    err,
    out,
    print_json,
    print_table,
    progress_bar,
    time_words,
    with_services,
)
from gateway.cli.witness import witness
from gateway.ledger.dating import TOLERANCE
from gateway.ledger.notes import NoteError, NoteKey, parse_key
from gateway.model.handoffs import Handoff
from gateway.store.log_archive import Archive

app = typer.Typer(
    help="The hand-off log: show, verify, sequence, export, archive, prune.", no_args_is_help=True
)


@app.command()
def show(
    person: Annotated[str, typer.Option(help="Log-in of a person, exactly.")] = "",
    partner: Annotated[str | None, typer.Option(help="Id of a partner.")] = None,
    field: Annotated[str | None, typer.Option(help="A field that was handed off.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="Where it was read, such as userinfo.")] = None,
    since: Annotated[datetime | None, typer.Option(help="At this time or later, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Before this time, UTC.")] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Show the newest hand-offs that fit. Reading the log is put on record."""
    search = LogSearch(
        email=person,
        partner_id=partner,
        field=field,
        endpoint=endpoint,
        since=_seconds(since),
        until=_seconds(until),
    )
    found = with_services(lambda services: read_log(services, ACTOR, search))
    if as_json:
        print_json([as_record(each) for each in found.handoffs])
        return
    print_handoffs(found.handoffs, " (there are older ones)" if found.older else "")


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.replace(tzinfo=UTC).timestamp())


def as_record(handoff: Handoff) -> dict[str, object]:
    """Spell a hand-off for a script."""
    return {
        "handoff_id": handoff.handoff_id,
        "at": handoff.at,
        "person_id": handoff.person_id,
        "partner_id": handoff.partner_id,
        "client_id": handoff.client_id,
        "grant_id": handoff.grant_id,
        "event_id": handoff.event_id,
        "endpoint": handoff.endpoint,
        "items": [
            {"field": each.item.field, "purpose": each.item.purpose, "form": str(each.item.form)}
            for each in handoff.items
        ],
        "entry_digest": handoff.entry_digest.hex(),
    }


def print_handoffs(handoffs: Sequence[Handoff], more: str = "") -> None:
    """Print hand-offs as a table, newest first."""
    print_table(
        f"Hand-offs, newest first{more}",
        ("at (UTC)", "person", "partner", "where", "what left"),
        [
            (
                time_words(each.at),
                f"{each.person_id[:8]}…",
                each.partner_id,
                each.endpoint,
                ", ".join(handed.item.field for handed in each.items) or "nothing",
            )
            for each in handoffs
        ],
    )


@app.command()
def verify(
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            help="A checkpoint that you kept; the log must still hold what it says. May be repeated."
        ),
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(help="Verifier key of a witness that must have cosigned this log. May be repeated."),
    ] = None,
    archive: Annotated[
        Path | None, typer.Option(help="The folder of the log's archives: their entries are checked too.")
    ] = None,
    tolerance: Annotated[
        int, typer.Option(min=0, help="Seconds by which a clock may have been wrong; more after an accident.")
    ] = TOLERANCE,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Check the log: hand-offs, consents, leaves, tiles, checkpoints; on record; status 1 when anything is wrong."""
    kept = [_read(path) for path in checkpoint or []]
    witnesses = [_witness_key(each) for each in witness or []]
    folder = LogFolder(archive) if archive else None

    async def work(services: Services) -> tuple[LogCheck, TreeCheck]:
        await record_look(services, ACTOR, "verify_log", "log", "all")
        with progress_bar("checking rows") as rows:
            found = await check_log(services, rows)
        with progress_bar("checking the tree") as leaves:
            return found, await verify_tree(
                services, leaves, known=kept, witnesses=witnesses, folder=folder, tolerance=tolerance
            )

    check, tree = with_services(work)
    faults = (*check.faults, *tree.faults)
    if as_json:
        print_json(
            {
                "ok": not faults,
                "handoffs": check.handoffs,
                "grants": check.grants,
                "leaves": tree.size,
                "root": tree.root.hex(),
                "checkpoints": tree.checkpoints,
                "archived": tree.archived,
                "faults": [{"subject": each.subject, "what": each.what} for each in faults],
            }
        )
    elif not faults:
        if tree.archived and not folder:
            out.print(
                f"{tree.archived} hand-offs are in archives: by their hashes only. Give --archive FOLDER."
            )
        done(
            f"hand-offs: {check.handoffs}, consents: {check.grants}, leaves: {tree.size}, "
            f"checkpoints: {tree.checkpoints}, faults: none"
        )
    else:
        print_table("What is wrong", ("subject", "what"), [(each.subject, each.what) for each in faults])
        err.print("[bold red]✗[/] the log is not sound. Keep a copy of the database before anything else.")
    raise typer.Exit(bool(faults))


def _witness_key(text: str) -> NoteKey:
    try:
        return parse_key(text)
    except NoteError as error:
        raise Fault(f"--witness {text}: {error}.") from None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Fault(f"{path} cannot be read ({error.__class__.__name__}).") from None


@app.command()
def sequence() -> None:
    """Give waiting rows their places and sign a checkpoint, once: what a running gateway does by itself."""

    async def work(services: Services) -> None:
        sequencer = Sequencer(services)
        await sequencer.turn()
        await sequencer.retire()

    with_services(work)
    done("nothing waits any more, and the newest checkpoint covers it, unless another node is at it.")


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="The archive to write, for example log.tar.")],
    since: Annotated[datetime | None, typer.Option(help="Entries of this time or later, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Entries before this time, UTC.")] = None,
) -> None:
    """Export entries with their proofs and the newest checkpoint as a signed archive. It is put on record."""
    span = Span(_seconds(since), _seconds(until))

    async def work(services: Services) -> int:
        with progress_bar("exporting") as progress:
            return await export_log(services, ACTOR, span, file, progress)

    count = with_services(work)
    done(f"wrote {count} entries to {file}. Check it anywhere: python log_verifier.py {file} --key KEY")


@app.command()
def archive(
    folder: Annotated[Path, typer.Option("--to", help="The folder, the same each time; made if need be.")],
    before: Annotated[datetime, typer.Option(help="Archive what is older than this time, UTC.")],
) -> None:
    """Write old entries and the whole tree's hashes to files that verify without the database. Deletes nothing."""

    async def work(services: Services) -> Archive | None:
        with progress_bar("archiving") as progress:
            at = int(before.replace(tzinfo=UTC).timestamp())
            return await archive_log(services, ACTOR, at, LogFolder(folder), progress)

    made = with_services(work)
    if made is None:
        done("nothing is old enough: entries are archived in full bundles of 256")
        return
    done(
        f"leaves {made.first_leaf} to {made.end_leaf - 1} are in {folder}; copy it to where it is kept for good"
    )


@app.command()
def prune(
    folder: Annotated[
        Path, typer.Argument(help="The folder that holds the archives, as it is kept for good.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete archived hand-offs of consents that ended; the log verifies as before. Reads every archive back first."""
    if not yes and not typer.confirm(
        "The archives will be the only place of these hand-offs. Delete them here?"
    ):
        raise Fault("nothing was changed.")

    async def work(services: Services) -> Pruned:
        with progress_bar("pruning") as progress:
            return await prune_log(services, ACTOR, LogFolder(folder), progress)

    found = with_services(work)
    done(f"{found.handoffs} hand-offs before leaf {found.end_leaf} are in the archives only")


app.command()(witness)
