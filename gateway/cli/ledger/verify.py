"""``consent-gateway log verify``: checking the whole log, its rows and its tree."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from gateway.actions.admin_record import record_look
from gateway.actions.ledger.folder import LogFolder
from gateway.actions.ledger.search import LogCheck, LogFault, check_log
from gateway.actions.ledger.verification import TreeCheck, verify_tree
from gateway.actions.services import Services
from gateway.cli.terminal import (
    JSON,
    CommandFault,
    acting_name,
    done,
    err,
    out,
    print_json,
    print_table,
    progress_bar,
    with_services,
)
from gateway.ledger.dating import TOLERANCE
from gateway.ledger.notes import NoteError, NoteKey, parse_key


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
        await record_look(services, acting_name(), "verify_log", "log", "all")
        with progress_bar("checking rows") as rows:
            found = await check_log(services, rows)
        with progress_bar("checking the tree") as leaves:
            return found, await verify_tree(
                services, leaves, known=kept, witnesses=witnesses, folder=folder, tolerance=tolerance
            )

    check, tree = with_services(work)
    faults = (*check.faults, *tree.faults)
    if as_json:
        print_json(_as_json(check, tree, faults))
    else:
        _print_finding(check, tree, faults, has_archives=folder is not None)
    raise typer.Exit(bool(faults))


def _as_json(check: LogCheck, tree: TreeCheck, faults: Sequence[LogFault]) -> dict[str, object]:
    return {
        "ok": not faults,
        "handoffs": check.handoffs,
        "grants": check.grants,
        "leaves": tree.size,
        "root": tree.root.hex(),
        "checkpoints": tree.checkpoints,
        "archived": tree.archived,
        "unmarked": tree.unmarked,
        "faults": [{"subject": each.subject, "what": each.what} for each in faults],
    }


def _print_finding(
    check: LogCheck, tree: TreeCheck, faults: Sequence[LogFault], *, has_archives: bool
) -> None:
    if tree.unmarked:
        out.print(
            f"{len(tree.unmarked)} entries of an older version name a person by their id, which no newer one may: "
            f"leaves {', '.join(map(str, tree.unmarked))}. They cannot be changed any more.",
            soft_wrap=True,
        )
    if faults:
        print_table("What is wrong", ("subject", "what"), [(each.subject, each.what) for each in faults])
        err.print("[bold red]✗[/] the log is not sound. Keep a copy of the database before anything else.")
        return
    if tree.archived and not has_archives:
        out.print(f"{tree.archived} hand-offs are in archives: by their hashes only. Give --archive FOLDER.")
    done(
        f"hand-offs: {check.handoffs}, consents: {check.grants}, leaves: {tree.size}, "
        f"checkpoints: {tree.checkpoints}, faults: none"
    )


def _witness_key(text: str) -> NoteKey:
    try:
        return parse_key(text)
    except NoteError as error:
        raise CommandFault(f"--witness {text}: {error}.") from None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFault(f"{path} cannot be read ({error.__class__.__name__}).") from None
