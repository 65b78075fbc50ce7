"""``consent-gateway partner``: manifests, reviews, states, client secrets."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from gateway.actions.client_retirement import retire_client
from gateway.actions.partner_rejection import reject_manifest
from gateway.actions.partner_review import Review
from gateway.actions.partners import (
    PartnerMove,
    SeenPartner,
    approve_partner,
    list_partners,
    move_partner,
    new_client_secret,
    see_partner,
    submit_manifest,
)
from gateway.actions.pkce_switch import switch_to_nonce, switch_to_pkce
from gateway.actions.registration import new_registration_token
from gateway.cli.terminal import (
    ACTOR,
    JSON,
    Fault,
    done,
    out,
    print_facts,
    print_json,
    print_table,
    time_words,
    with_services,
)
from gateway.model.grants import ReasonCode
from partners import referenced_files

app = typer.Typer(help="Partners: manifests, reviews, the brake, client secrets.", no_args_is_help=True)
PARTNER = typer.Argument(metavar="PARTNER", help="The partner's id.")
REASON = typer.Option("--reason", help="Why, from the closed list.")


@app.command()
def submit(
    file: Annotated[Path, typer.Argument(help="The manifest (TOML); docs/guides/manifest.md describes it.")],
    files_dir: Annotated[
        Path | None, typer.Option(help="Folder of the files it refers to; default: the manifest's.")
    ] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Hand a manifest in for review. What is live stays as it is until somebody approves."""
    text = read_text(file)
    folder = files_dir or file.parent
    files = {name: read_text(folder / name) for name in referenced_files(text)}
    found = with_services(lambda services: submit_manifest(services, text, file.name, files, ACTOR))
    if as_json:
        print_json({"partner_id": found.partner_id, "version": found.version, "dropped": list(found.dropped)})
    elif found.version is None:
        done(f"{found.partner_id}: the newest manifest says the same; nothing to review")
    else:
        done(f"{found.partner_id}: manifest {found.version} waits for a review")
        for client_id in found.dropped:
            out.print(f"  [yellow]left out[/] {client_id} had registered itself for a service that is gone")
        out.print(f"Next: consent-gateway partner show {found.partner_id}")


def read_text(file: Path) -> str:
    """Read a text file, or say why not."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise Fault(f"{file} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise Fault(f"{file} is not UTF-8 text.") from None


@app.command("list")
def list_all(as_json: Annotated[bool, JSON] = False) -> None:
    """List partners, those that wait for a review first."""
    found = with_services(list_partners)
    if as_json:
        rows = [
            {
                "partner_id": each.record.partner_id,
                "brand": each.partner.brand,
                "state": each.record.state,
                "live_manifest": each.record.live_manifest,
                "pending_manifest": each.record.pending_manifest,
                "offers": each.offer_count,
                "live_grants": each.live_grants.number,
                "more_live_grants": each.live_grants.is_more,
            }
            for each in found
        ]
        print_json(rows)
        return
    print_table(
        "Partners",
        ("partner", "brand", "state", "waits", "services", "consents"),
        [
            (
                each.record.partner_id,
                each.partner.brand,
                each.record.state,
                each.record.pending_manifest or "",
                each.offer_count,
                each.live_grants,
            )
            for each in found
        ],
    )


@app.command()
def show(partner_id: Annotated[str, PARTNER], as_json: Annotated[bool, JSON] = False) -> None:
    """Show a partner, and the manifest that waits held against what is live."""
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
            "possible": ", ".join(seen.moves) or "nothing",
        }
    )
    if seen.review:
        _print_review(seen.review)
        if seen.is_approvable:
            out.print(
                f"\nNext: consent-gateway partner approve {partner_id} --manifest {seen.review.version}"
            )
    rows = [(time_words(each.at), each.action, each.actor_id, each.reason or "") for each in seen.actions]
    print_table("What was done", ("at (UTC)", "what", "by", "why"), rows)


def _print_review(review: Review) -> None:
    out.print(f"\n[bold]Manifest {review.version} waits[/]")
    for each in review.offers:
        news = "new version" if each.is_new else "unchanged"
        weight = ", material: people decide anew" if each.is_material else ""
        out.print(f"  {escape(each.offer.name)}: version {each.version}, {news}{weight}")
        for change in each.changes:
            out.print(f"    {escape(f'{change.key}: {change.before} → {change.after}')}", soft_wrap=True)
    for flag in review.flags:
        out.print(f"  [yellow]look at[/] {escape(f'{flag.key}: {flag.message}')}", soft_wrap=True)
    for obstacle in review.obstacles:
        out.print(f"  [red]✗[/] {escape(obstacle)}", soft_wrap=True)


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
        "moves": [str(each) for each in seen.moves],
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
            "obstacles": list(review.obstacles),
        },
        "actions": [asdict(each) for each in seen.actions],
    }


@app.command()
def approve(
    partner_id: Annotated[str, PARTNER],
    manifest: Annotated[int, typer.Option(help="Version of the manifest that you have looked at.")],
    reason: Annotated[ReasonCode | None, REASON] = None,
) -> None:
    """Publish the manifest that waits. From then on people can be asked."""
    review = with_services(lambda services: approve_partner(services, ACTOR, partner_id, manifest, reason))
    if review is None:
        done(f"{partner_id} waits: somebody else has to approve manifest {manifest} too")
        return
    new = [f"{each.offer.offer_id} version {each.version}" for each in review.offers if each.is_new]
    done(f"{partner_id} is live; new: {', '.join(new) or 'nothing that people would be told'}")


def _move(partner_id: str, move: PartnerMove, reason: ReasonCode | None, words: str) -> None:
    with_services(lambda services: move_partner(services, ACTOR, partner_id, move, reason))
    done(f"{partner_id} {words}")


@app.command()
def review(partner_id: Annotated[str, PARTNER], reason: Annotated[ReasonCode | None, REASON] = None) -> None:
    """Take a draft into review."""
    _move(partner_id, PartnerMove.REVIEW, reason, "is in review")


@app.command("return")
def return_draft(
    partner_id: Annotated[str, PARTNER], reason: Annotated[ReasonCode | None, REASON] = None
) -> None:
    """Give a manifest in review back as a draft."""
    _move(partner_id, PartnerMove.RETURN, reason, "is a draft again")


@app.command()
def pause(partner_id: Annotated[str, PARTNER], reason: Annotated[ReasonCode | None, REASON] = None) -> None:
    """Pull the brake: nothing is released to the partner from the next request on, on every node."""
    _move(partner_id, PartnerMove.PAUSE, reason, "is paused; nothing is released to it")


@app.command()
def resume(partner_id: Annotated[str, PARTNER], reason: Annotated[ReasonCode | None, REASON] = None) -> None:
    """Release the brake."""
    _move(partner_id, PartnerMove.RESUME, reason, "is live again")


@app.command()
def reject(
    partner_id: Annotated[str, PARTNER],
    manifest: Annotated[int, typer.Option(help="Version of the manifest that you have looked at.")],
    why: Annotated[str, typer.Option(help="What the partner reads, and the record keeps.")],
) -> None:
    """Reject a newer manifest of a partner that is in service; what is live stays."""
    with_services(lambda services: reject_manifest(services, ACTOR, partner_id, manifest, why))
    done(f"manifest {manifest} of {partner_id} is rejected; what is live stays")


@app.command()
def end(
    partner_id: Annotated[str, PARTNER],
    reason: Annotated[ReasonCode | None, REASON] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """End a partner for good, and every consent for it."""
    if not yes and not typer.confirm(f"This ends {partner_id} and every consent for it, for good. Go on?"):
        raise Fault("nothing was changed.")
    _move(partner_id, PartnerMove.END, reason, "has ended, with every consent for it")


@app.command()
def secret(
    client_id: Annotated[str, typer.Argument(metavar="CLIENT", help="The client's id.")],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Give a client a new secret and show it once; the old one stops working at once."""
    made = with_services(lambda services: new_client_secret(services, ACTOR, client_id))
    if as_json:
        print_json({"client_id": client_id, "client_secret": made})
        return
    done(f"the new secret of {client_id}, shown this once:")
    out.print(made, soft_wrap=True)


@app.command("retire-client")
def retire(
    client_id: Annotated[str, typer.Argument(metavar="CLIENT", help="The client's id.")],
    partner_id: Annotated[str, typer.Option("--partner", help="The partner whose client it is.")],
    reason: Annotated[ReasonCode, REASON],
) -> None:
    """Retire a client: its secret and its tokens die at once, its history stays."""
    with_services(lambda services: retire_client(services, ACTOR, partner_id, client_id, reason))
    done(f"{client_id} is retired; its tokens are dead")


@app.command("nonce-instead")
def nonce_instead(
    client_id: Annotated[str, typer.Argument(metavar="CLIENT", help="The client's id.")],
    reason: Annotated[str, typer.Option(help="Why it cannot do PKCE; it is kept and shown.")],
) -> None:
    """Let a baseline client send a nonce where it cannot do PKCE (RFC 9700 §2.1.1)."""
    with_services(lambda services: switch_to_nonce(services, ACTOR, client_id, reason))
    done(f"{client_id} may send a nonce instead of a code challenge")


@app.command("demand-pkce")
def demand_pkce(
    client_id: Annotated[str, typer.Argument(metavar="CLIENT", help="The client's id.")],
) -> None:
    """Demand PKCE of a client again."""
    with_services(lambda services: switch_to_pkce(services, ACTOR, client_id))
    done(f"{client_id} has to send a code challenge again")


@app.command("registration-token")
def registration_token(
    partner_id: Annotated[str, PARTNER],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Make a token with which a partner registers clients for a week; each waits for your approval."""
    made = with_services(lambda services: new_registration_token(services, ACTOR, partner_id))
    if as_json:
        print_json({"partner_id": partner_id, "initial_access_token": made})
        return
    done(f"a token for clients of {partner_id}, shown this once:")
    out.print(made, soft_wrap=True)
