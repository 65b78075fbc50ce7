"""``consent-gateway partner``: manifests, reviews, states, client secrets."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from gateway.actions.oauth.registration import new_registration_token
from gateway.actions.operation.postman import Postman
from gateway.actions.partners.client_retirement import retire_client
from gateway.actions.partners.client_secrets import new_client_secret
from gateway.actions.partners.ends import call_off_end, end_partner
from gateway.actions.partners.moves import PartnerMove, move_partner
from gateway.actions.partners.overview import list_partners, see_partner
from gateway.actions.partners.pkce_switch import ask_for_neither, switch_to_nonce, switch_to_pkce
from gateway.actions.partners.rejections import reject_manifest
from gateway.actions.partners.submission import submit_manifest
from gateway.actions.services import Services
from gateway.cli.partners.review import PARTNER, REASON, approve, show
from gateway.cli.terminal import (
    JSON,
    CommandFault,
    acting_name,
    at_command_line,
    done,
    out,
    print_json,
    print_table,
    with_services,
)
from gateway.model.administration.waiting import WaitingAct
from gateway.model.grants import ReasonCode
from partners import free_texts, referenced_files

app = typer.Typer(help="Partners: manifests, reviews, the brake, client secrets.", no_args_is_help=True)


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
    found = with_services(lambda services: submit_manifest(services, text, file.name, files, acting_name()))
    if as_json:
        print_json({"partner_id": found.partner_id, "version": found.version, "dropped": list(found.dropped)})
    elif found.version is None:
        done(f"{found.partner_id}: the newest manifest says the same; nothing to review")
    else:
        done(f"{found.partner_id}: manifest {found.version} waits for a review")
        for each in free_texts(found.manifest):
            if each.words:
                out.print(f"  [yellow]look at[/] {escape(f'{each.key}: {each.found}')}", soft_wrap=True)
        for client_id in found.dropped:
            out.print(f"  [yellow]left out[/] {client_id} had registered itself for a service that is gone")
        out.print(f"Next: consent-gateway partner show {found.partner_id}")


def read_text(file: Path) -> str:
    """Read a text file, or say why not."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandFault(f"{file} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise CommandFault(f"{file} is not UTF-8 text.") from None


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


app.command()(show)
app.command()(approve)


def _move(partner_id: str, move: PartnerMove, reason: ReasonCode | None, words: str) -> None:
    with_services(lambda services: move_partner(services, acting_name(), partner_id, move, reason))
    done(f"{partner_id} {words}")


@app.command()
def review(partner_id: Annotated[str, PARTNER], reason: Annotated[ReasonCode | None, REASON] = None) -> None:
    """Take a draft into review."""
    _move(partner_id, PartnerMove.REVIEW, reason, "is in review")
    out.print(f"Next: consent-gateway partner show {partner_id}")


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
    with_services(lambda services: reject_manifest(services, acting_name(), partner_id, manifest, why))
    done(f"manifest {manifest} of {partner_id} is rejected; what is live stays")


@app.command()
def end(
    partner_id: Annotated[str, PARTNER],
    reason: Annotated[ReasonCode, REASON],
    why: Annotated[str, typer.Option(help="For the second person, who may have to agree.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """End a partner and all its consents for good, one day from now. Until then 'partner call-off' cancels it."""
    seen = with_services(lambda services: see_partner(services, partner_id))
    asked = (
        f"This ends {partner_id} for good, with {seen.live_grants} consents of {seen.people} people. Go on?"
    )
    if not yes and not typer.confirm(asked):
        raise CommandFault("nothing was changed.")

    async def work(services: Services) -> WaitingAct | None:
        act = await end_partner(services, at_command_line(), partner_id, reason, why)
        await Postman(services).turn()
        return act

    act = with_services(work)
    if act is None:
        done(f"{partner_id} can read nothing from now on, and ends in a day: 'partner call-off' undoes it")
    else:
        done(f"{act.act_id} waits for an administrator: consent-gateway waiting list")


@app.command("call-off")
def call_off(partner_id: Annotated[str, PARTNER]) -> None:
    """Cancel the end of a partner before it happens; its consents stay as they are."""

    async def work(services: Services) -> None:
        await call_off_end(services, acting_name(), partner_id)
        await Postman(services).turn()

    with_services(work)
    done(f"the end of {partner_id} is called off; everything is as it was before")


@app.command()
def secret(
    client_id: Annotated[str, typer.Argument(metavar="CLIENT", help="The client's id.")],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Give a client a new secret and show it once; the old one stops working at once."""
    made = with_services(lambda services: new_client_secret(services, acting_name(), client_id))
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
    with_services(lambda services: retire_client(services, acting_name(), partner_id, client_id, reason))
    done(f"{client_id} is retired; its tokens are dead")


@app.command("nonce-instead")
def nonce_instead(
    client_id: Annotated[str, typer.Argument(metavar="CLIENT", help="The client's id.")],
    reason: Annotated[str, typer.Option(help="Why it cannot do PKCE; it is kept and shown.")],
) -> None:
    """Let a baseline client send a nonce where it cannot do PKCE (RFC 9700 §2.1.1)."""
    with_services(lambda services: switch_to_nonce(services, acting_name(), client_id, reason))
    done(f"{client_id} may send a nonce instead of a code challenge")


@app.command("neither")
def neither(
    client_id: Annotated[str, typer.Argument(metavar="CLIENT", help="The client's id.")],
    reason: Annotated[str, typer.Option(help="Why it can do neither; it is kept and shown.")],
) -> None:
    """Ask to let a baseline client send neither PKCE nor a nonce. A second person approves it on the page."""

    async def work(services: Services) -> WaitingAct:
        act = await ask_for_neither(services, at_command_line(), client_id, reason)
        await Postman(services).turn()
        return act

    act = with_services(work)
    done(f"{act.act_id} waits for an administrator: consent-gateway waiting list")


@app.command("demand-pkce")
def demand_pkce(
    client_id: Annotated[str, typer.Argument(metavar="CLIENT", help="The client's id.")],
) -> None:
    """Demand PKCE of a client again."""
    with_services(lambda services: switch_to_pkce(services, acting_name(), client_id))
    done(f"{client_id} has to send a code challenge again")


@app.command("registration-token")
def registration_token(
    partner_id: Annotated[str, PARTNER],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Make a token with which a partner registers clients for a week; each waits for your approval."""
    made = with_services(lambda services: new_registration_token(services, acting_name(), partner_id))
    if as_json:
        print_json({"partner_id": partner_id, "initial_access_token": made})
        return
    done(f"a token for clients of {partner_id}, shown this once:")
    out.print(made, soft_wrap=True)
