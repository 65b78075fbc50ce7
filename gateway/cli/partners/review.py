"""``consent-gateway partner show`` and ``approve``: a manifest compared with the live one, and its texts."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from gateway.actions.partners.go_live import approve_partner
from gateway.actions.partners.moves import PartnerMove
from gateway.actions.partners.overview import APPROVABLE, SeenPartner, see_partner
from gateway.actions.partners.review import ReadTexts, Review, UnreadTextsError
from gateway.cli.terminal import (
    JSON,
    CommandFault,
    at_command_line,
    done,
    out,
    print_facts,
    print_json,
    print_table,
    time_words,
    with_services,
)
from gateway.model.grants import ReasonCode
from partners import PartnerState

PARTNER = typer.Argument(metavar="PARTNER", help="The partner's id.")
REASON = typer.Option("--reason", help="Why, from the closed list.")


def show(partner_id: Annotated[str, PARTNER], as_json: Annotated[bool, JSON] = False) -> None:
    """Show a partner, and how the manifest that waits differs from the live one."""
    seen = with_services(lambda services: see_partner(services, partner_id))
    if as_json:
        print_json(_as_json(seen))
        return
    partner = seen.partner
    print_facts(
        {
            "partner": f"{seen.record.partner_id} ({partner.brand}, {partner.legal_name})",
            "state": seen.state,
            "live consents": seen.live_grants,
            "live manifest": seen.record.live_manifest or "none",
            "possible": ", ".join([*seen.moves, *(["end"] if seen.can_end else [])]) or "nothing",
            **_coming(seen),
        }
    )
    if seen.review:
        _print_review(seen.review)
        if following := _next_command(partner_id, seen):
            out.print(f"\nNext: {following}", soft_wrap=True)
    rows = [(time_words(each.at), each.action, each.actor_id, each.reason or "") for each in seen.actions]
    print_table("What was done", ("at (UTC)", "what", "by", "why"), rows)


def _coming(seen: SeenPartner) -> dict[str, object]:
    facts: dict[str, object] = {}
    if seen.record.ends_at is not None:
        facts["ends for good"] = (
            f"{time_words(seen.record.ends_at)} UTC, unless 'partner call-off' comes first"
        )
    if seen.wishes:
        facts["waits for a second person"] = ", ".join(each.act_id for each in seen.wishes)
    return facts


def _print_review(review: Review) -> None:
    out.print(f"\n[bold]Manifest {review.version} waits[/]")
    for each in review.offers:
        news = "new version" if each.is_new else "unchanged"
        weight = ", material: people decide anew" if each.is_material else ""
        out.print(f"  {escape(each.offer.name)}: version {each.version}, {news}{weight}")
        for change in each.changes:
            words = f"{change.key}: {change.before or '—'} → {change.after or '—'}"
            out.print(f"    {escape(words)}", soft_wrap=True)
    for flag in review.flags:
        out.print(f"  [yellow]look at[/] {escape(f'{flag.key}: {flag.message}')}", soft_wrap=True)
    for obstacle in review.obstacles:
        out.print(f"  [red]✗[/] {escape(obstacle)}", soft_wrap=True)

    out.print("[bold]Texts that people read[/]")
    for text in review.texts:
        out.print(f"  {escape(text.key)}: {escape(text.text)}", soft_wrap=True)
        if text.words:
            out.print(f"    [yellow]found[/] {escape(text.found)}", soft_wrap=True)


def _next_command(partner_id: str, seen: SeenPartner) -> str:
    """Spell the next command on this partner's way to going live; empty where there is none."""
    if seen.review and seen.is_approvable:
        return _approve_command(partner_id, seen.review)
    if PartnerMove.REVIEW in seen.moves:
        return f"consent-gateway partner review {partner_id}"
    return ""


def _approve_command(partner_id: str, review: Review) -> str:
    """Spell the command to approve for an administrator who has read everything above it."""
    ticked = "".join(f" --text-read '{each.key}'" for each in review.flagged)
    return (
        f"consent-gateway partner approve {partner_id} --manifest {review.version} "
        f"--texts-read {review.digest}{ticked}"
    )


def _as_json(seen: SeenPartner) -> dict[str, object]:
    review = seen.review
    return {
        "partner_id": seen.record.partner_id,
        "brand": seen.partner.brand,
        "legal_name": seen.partner.legal_name,
        "state": str(seen.state),
        "live_grants": seen.live_grants.number,
        "more_live_grants": seen.live_grants.is_more,
        "live_manifest": seen.record.live_manifest,
        "people": seen.people.number,
        "more_people": seen.people.is_more,
        "moves": [str(each) for each in seen.moves],
        "can_end": seen.can_end,
        "ends_at": seen.record.ends_at,
        "waiting": [each.act_id for each in seen.wishes],
        "is_approvable": seen.is_approvable,
        "review": review
        and {
            "manifest": review.version,
            "offers": [
                {
                    "offer_id": each.offer.offer_id,
                    "version": each.version,
                    "is_new": each.is_new,
                    "is_material": each.is_material,
                    "changes": [asdict(change) for change in each.changes],
                }
                for each in review.offers
            ],
            "flags": [asdict(each) for each in review.flags],
            "texts": [asdict(each) for each in review.texts],
            "texts_digest": review.digest,
            "obstacles": list(review.obstacles),
        },
        "actions": [asdict(each) for each in seen.actions],
    }


def approve(
    partner_id: Annotated[str, PARTNER],
    manifest: Annotated[
        int | None, typer.Option(help="Version of the manifest that you have looked at.")
    ] = None,
    texts_read: Annotated[
        str, typer.Option(help="You have read all the texts: their digest, from 'partner show'.")
    ] = "",
    text_read: Annotated[
        list[str] | None,
        typer.Option(
            help="A text with words of marketing that you have looked at, by its key; once for each."
        ),
    ] = None,
    reason: Annotated[ReasonCode | None, REASON] = None,
) -> None:
    """Publish the manifest that waits. From then on people can be asked.

    Every text that people will read has to be read first: 'partner show' lists them, with the words that were found,
    and ends with this command and all of its options.
    """
    seen = with_services(lambda services: see_partner(services, partner_id))
    why_not = _not_yet(partner_id, seen, manifest)
    if manifest is None or why_not:
        raise CommandFault(f"nothing was approved: {why_not}")
    who, read = at_command_line(), ReadTexts(texts_read, frozenset(text_read or ()))
    try:
        review = with_services(
            lambda services: approve_partner(services, who, partner_id, manifest, reason, read=read)
        )
    except UnreadTextsError as error:
        raise CommandFault("\n".join(_unread(partner_id, error))) from None
    if review is None:
        done(f"{partner_id} waits: somebody else has to approve manifest {manifest} too")
        return
    new = [f"{each.offer.offer_id} version {each.version}" for each in review.offers if each.is_new]
    done(f"{partner_id} is live; new: {', '.join(new) or 'nothing that people would be told'}")


def _not_yet(partner_id: str, seen: SeenPartner, manifest: int | None) -> str:
    """Say why nothing can be approved, and what to do instead; empty where nothing is in the way."""
    if seen.record.ends_at is not None:
        return f"{partner_id} ends for good: 'consent-gateway partner call-off {partner_id}' comes first."
    if seen.review is None:
        return f"{partner_id} is {_STATES[seen.state]}, and no manifest waits: hand one in with 'partner submit'."
    if seen.state not in APPROVABLE:
        resume = f"consent-gateway partner resume {partner_id}" if PartnerMove.RESUME in seen.moves else ""
        following = _next_command(partner_id, seen) or resume
        return f"{partner_id} is {_STATES[seen.state]}." + f" First: {following}" * bool(following)
    if manifest is None:
        return (
            "--manifest is missing, the version that you have looked at. "
            f"'consent-gateway partner show {partner_id}' ends with the whole command."
        )
    return ""


_STATES: Mapping[PartnerState, str] = {
    PartnerState.DRAFT: "a draft",
    PartnerState.REVIEW: "in review",
    PartnerState.LIVE: "live",
    PartnerState.PAUSED: "paused",
    PartnerState.ENDED: "ended",
}


def _unread(partner_id: str, error: UnreadTextsError) -> Iterator[str]:
    yield f"nothing was approved: read the texts first (consent-gateway partner show {partner_id})."
    if error.is_whole:
        yield "--texts-read is missing, or is the digest of other texts."
    for each in error.unread:
        yield f"--text-read '{each.key}' is missing: {each.text} ({each.found})"
