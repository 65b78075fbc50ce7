"""``consent-gateway log``: reading and checking the hand-off log; names and ids, never a value."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from gateway.actions.admin_log import LogSearch, check_log, read_log
from gateway.cli.terminal import (
    ACTOR,
    JSON,
    done,
    err,
    print_json,
    print_table,
    progress_bar,
    time_words,
    with_services,
)
from gateway.model.handoffs import Handoff

app = typer.Typer(help="The hand-off log: show, verify.", no_args_is_help=True)


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
def verify(as_json: Annotated[bool, JSON] = False) -> None:
    """Check every hand-off and the story of every consent; status 1 when anything is wrong."""
    with progress_bar("checking the log") as progress:
        check = with_services(lambda services: check_log(services, progress))
    if as_json:
        print_json(
            {
                "ok": check.is_sound,
                "handoffs": check.handoffs,
                "grants": check.grants,
                "faults": [{"subject": each.subject, "what": each.what} for each in check.faults],
            }
        )
    elif check.is_sound:
        done(f"hand-offs: {check.handoffs}, consents: {check.grants}, faults: none")
    else:
        print_table(
            "What is wrong", ("subject", "what"), [(each.subject, each.what) for each in check.faults]
        )
        err.print("[bold red]✗[/] the log is not sound. Keep a copy of the database before anything else.")
    raise typer.Exit(not check.is_sound)
