"""``consent-gateway log``: reading and checking the hand-off log; names and ids, never a value."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.actions.ledger.archive import Pruned, archive_log, prune_log
from gateway.actions.ledger.export import Span, export_log
from gateway.actions.ledger.folder import LogFolder
from gateway.actions.ledger.log_state import LogState, look_at_log
from gateway.actions.ledger.move import find_mover, move_origin
from gateway.actions.ledger.search import LogSearch, read_log
from gateway.actions.ledger.sequencer import Sequencer
from gateway.actions.services import Services
from gateway.cli.ledger.verify import verify
from gateway.cli.ledger.witness import witness
from gateway.cli.terminal import (
    JSON,
    CommandFault,
    acting_name,
    done,
    out,
    print_json,
    print_table,
    progress_bar,
    time_words,
    with_services,
)
from gateway.kit.clock import DAY, system_clock
from gateway.model.ledger.handoffs import Handoff
from gateway.store.ledger.archive import Archive, load_archives

app = typer.Typer(
    help="The hand-off log: show, verify, sequence, export, archive, prune, move.", no_args_is_help=True
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
    found = with_services(lambda services: read_log(services, acting_name(), search))
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


app.command()(verify)


@app.command()
def sequence() -> None:
    """Give waiting rows their places and sign a checkpoint, once. A running gateway does this by itself."""

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
            return await export_log(services, acting_name(), span, file, progress)

    count = with_services(work)
    done(f"wrote {count} entries to {file}. Check it anywhere: python log_verifier.py {file} --key KEY")


@app.command()
def archive(
    folder: Annotated[Path, typer.Option("--to", help="The folder, the same each time; made if need be.")],
    before: Annotated[
        datetime | None, typer.Option(help="Archive what is older than this time, UTC.")
    ] = None,
    older_than: Annotated[
        int | None, typer.Option(min=1, help="Archive what is older than so many days, for a timer.")
    ] = None,
    then_prune: Annotated[
        bool, typer.Option("--then-prune", help="Afterwards do what 'log prune' does, without asking.")
    ] = False,
) -> None:
    """Write old entries and the whole tree's hashes to files that verify without the database."""
    at, place = _archived_before(before, older_than), LogFolder(folder)

    async def work(services: Services) -> tuple[Archive | None, Pruned | None]:
        with progress_bar("archiving") as progress:
            made = await archive_log(services, acting_name(), at, place, progress)
        has_any = bool(await services.store.read(load_archives, None))
        return made, await prune_log(services, acting_name(), place) if then_prune and has_any else None

    made, pruned = with_services(work)
    if made is None:
        done("nothing is old enough: entries are archived in full bundles of 256")
    else:
        done(
            f"leaves {made.first_leaf} to {made.end_leaf - 1} are in {folder}; copy it to where it is kept for good"
        )
    if pruned is not None:
        _say_pruned(pruned)


def _archived_before(before: datetime | None, older_than: int | None) -> int:
    match before, older_than:
        case datetime(), None:
            return int(before.replace(tzinfo=UTC).timestamp())
        case None, int():
            return system_clock() - older_than * DAY
        case _:
            raise typer.BadParameter("say --before or --older-than, one of them")


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
        raise CommandFault("nothing was changed.")

    async def work(services: Services) -> Pruned:
        with progress_bar("pruning") as progress:
            return await prune_log(services, acting_name(), LogFolder(folder), progress)

    found = with_services(work)
    _say_pruned(found)


def _say_pruned(found: Pruned) -> None:
    done(f"{found.handoffs} hand-offs before leaf {found.end_leaf} are in the archives only")


@app.command("move-origin")
def move(
    by: Annotated[
        str,
        typer.Option(help="Log-in of the platform administrator who stands behind it; on record as theirs."),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Rename the log as CONSENT_GATEWAY_ISSUER says, after the gateway got another address.

    Its history goes on: the last checkpoint under the old name is named in the first entry under the new one. It can
    be stopped anywhere and run again.
    """

    async def work(services: Services) -> tuple[str, LogState]:
        return await find_mover(services, by), await look_at_log(services)

    mover, before = with_services(work)
    if not before.origins:
        done(f"the log has not begun: it will begin as {before.wanted}.")
        return
    if before.needs_move:
        _say_what_a_move_does(before)
        if not yes and not typer.confirm("Move the log?"):
            raise CommandFault("nothing was changed.")
    after = with_services(lambda services: move_origin(services, mover))
    done(f"the log is {after.wanted}, and its checkpoint of {after.size} leaves is signed under that name.")
    out.print("Publish the new lines of /log/keys where the old ones stand, and keep the old ones.")


def _say_what_a_move_does(before: LogState) -> None:
    old = before.origins[-1].origin
    out.print(
        f"The log is {old}, with {before.size} signed leaves. It becomes {before.wanted}:", soft_wrap=True
    )
    for number, step in enumerate(
        (
            f"What waits gets its place and is signed, for the last time under {old}.",
            "That checkpoint is named in the next entry; with it, in one transaction, the log gets its new name.",
            f"The entry is signed under {before.wanted}, and so is everything after it.",
        ),
        start=1,
    ):
        out.print(f"  {number}. {step}", soft_wrap=True)
    out.print(
        "Witnesses know the log by its name: each has to be given its new key, and cosigns nothing until then.",
        soft_wrap=True,
    )


app.command()(witness)
