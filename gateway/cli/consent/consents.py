"""``consent-gateway grant``: searching, looking at and revoking consents; never a value."""

from dataclasses import asdict
from typing import Annotated

import typer

from gateway.actions.administration.consents import (
    REVOKE_REASONS,
    GrantSearch,
    SeenGrant,
    find_grants,
    revoke_grant,
    see_grant,
)
from gateway.cli.terminal import (
    JSON,
    acting_name,
    done,
    print_facts,
    print_json,
    print_table,
    time_words,
    with_services,
)
from gateway.model.grants import GrantState, ReasonCode
from gateway.store.consent.grants import GrantLine

app = typer.Typer(help="Consents: search, look, revoke. No command can give one.", no_args_is_help=True)
GRANT = typer.Argument(metavar="GRANT", help="The consent's id, gra_….")


@app.command("list")
def list_found(
    person: Annotated[str, typer.Option(help="Log-in of a person, exactly.")] = "",
    partner: Annotated[str | None, typer.Option(help="Id of a partner.")] = None,
    field: Annotated[str | None, typer.Option(help="A field that it covers.")] = None,
    state: Annotated[GrantState | None, typer.Option(help="Where it stands.")] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """List the newest consents that fit. The search is put on record."""
    search = GrantSearch(email=person, partner_id=partner, field=field, state=state)
    found = with_services(lambda services: find_grants(services, acting_name(), search))
    if as_json:
        print_json([_line_as_json(each) for each in found.lines])
        return
    print_table(
        "Consents, newest first" + (" (there are older ones)" if found.older else ""),
        ("grant", "partner", "service", "state", "given (UTC)", "reads"),
        [
            (
                each.grant.grant_id,
                each.grant.partner_id,
                each.grant.offer_id,
                each.grant.state,
                time_words(each.created_at),
                each.handoff_count,
            )
            for each in found.lines
        ],
    )


def _line_as_json(line: GrantLine) -> dict[str, object]:
    grant = line.grant
    return {
        "grant_id": grant.grant_id,
        "person_id": grant.person_id,
        "partner_id": grant.partner_id,
        "offer_id": grant.offer_id,
        "offer_version": grant.offer_version,
        "state": str(grant.state),
        "items": [
            {"field": each.item.field, "purpose": each.item.purpose, "form": str(each.item.form)}
            for each in grant.items
        ],
        "created_at": line.created_at,
        "valid_until": grant.valid_until,
        "ended_at": line.ended_at,
        "end_reason": line.end_reason,
        "handoffs": line.handoff_count.number,
        "more_handoffs": line.handoff_count.is_more,
        "last_handoff_at": line.last_handoff_at,
    }


@app.command()
def show(grant_id: Annotated[str, GRANT], as_json: Annotated[bool, JSON] = False) -> None:
    """Show one consent with its history. The look is put on record."""
    seen = with_services(lambda services: see_grant(services, acting_name(), grant_id))
    if as_json:
        print_json(_as_json(seen))
        return
    line = seen.detail.line
    print_facts(
        {
            "consent": line.grant.grant_id,
            "person": f"{line.grant.person_id} ({seen.detail.role} of {seen.detail.organisation_id})",
            "service": f"{seen.offer.name} of {line.grant.partner_id}, version {line.grant.offer_version}",
            "state": line.grant.state,
            "until": time_words(line.grant.valid_until),
            "ended": f"{time_words(line.ended_at)} {line.end_reason or ''}".strip(),
            "reads": line.handoff_count,
        }
    )
    items = [
        (each.item.field, each.item.purpose, each.item.form, "needed" if each.needed else "optional")
        for each in line.grant.items
    ]
    print_table("What it covers", ("field", "purpose", "form", "kind"), items)
    events = [
        (time_words(each.at), each.type, each.actor_kind, each.reason or "") for each in seen.detail.events
    ]
    print_table("What was decided", ("at (UTC)", "what", "by", "why"), events)


def _as_json(seen: SeenGrant) -> dict[str, object]:
    return _line_as_json(seen.detail.line) | {
        "organisation_id": seen.detail.organisation_id,
        "role": str(seen.detail.role),
        "events": [
            {
                "seq": each.seq,
                "type": str(each.type),
                "actor_kind": str(each.actor_kind),
                "at": each.at,
                "reason": each.reason and str(each.reason),
            }
            for each in seen.detail.events
        ],
        "tokens": [asdict(each) for each in seen.detail.tokens],
    }


@app.command()
def revoke(
    grant_id: Annotated[str, GRANT],
    reason: Annotated[ReasonCode, typer.Option(help="Why; the person reads it.")],
    delete: Annotated[
        bool, typer.Option(help="Also ask the partner to delete what it has, if it has a deletion endpoint.")
    ] = True,
) -> None:
    """Revoke a consent: its tokens die at once. Only the person can give it again."""
    if reason not in REVOKE_REASONS:
        raise typer.BadParameter(
            f"one of {', '.join(REVOKE_REASONS)}: the others are the gateway's own", param_hint="--reason"
        )
    grant = with_services(
        lambda services: revoke_grant(services, acting_name(), grant_id, reason, delete=delete)
    )
    done(f"{grant.grant_id} is revoked; every token of it is dead")
