"""``consent-gateway receipt``: verifying what a person holds, without the gateway."""

import json
from pathlib import Path
from typing import Annotated

import typer

from gateway.actions.consent.receipt_proofs import check_logged
from gateway.actions.consent.receipts import BadReceipt, read_receipt
from gateway.cli.terminal import JSON, CommandFault, done, print_json
from gateway.ledger.notes import NoteError, parse_key

app = typer.Typer(help="Receipts: verify one offline, with the published keys.", no_args_is_help=True)


@app.command("verify")
def verify(
    receipt: Annotated[Path, typer.Argument(help="The signed receipt, receipt.jws.")],
    keys: Annotated[Path, typer.Option(help="The published keys, from /receipts/jwks.json.")],
    proof: Annotated[
        Path | None,
        typer.Option(help="Its proof.json: the decision must stand in the log as the receipt says."),
    ] = None,
    log_key: Annotated[str, typer.Option(help="The log's verifier key, which --proof needs.")] = "",
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Verify a receipt's signature, with --proof its place in the log too, and say what it is about."""
    try:
        content = read_receipt(receipt.read_text(encoding="ascii"), json.loads(keys.read_text("utf-8")))
        logged = check_logged(content, proof.read_text("utf-8"), parse_key(log_key)) if proof else None
    except (OSError, ValueError) as error:
        raise CommandFault(f"cannot read it: {error}") from None
    except NoteError as error:
        raise CommandFault(f"--log-key: {error}.") from None
    except BadReceipt as error:
        raise CommandFault(f"this receipt is NOT genuine: {error}") from None
    if as_json:
        print_json(content)
        return
    place = f", in the log of {logged.size} entries" if logged else ""
    recipient = content["dpv:hasRecipient"]["name"]
    done(
        f"genuine: {content['event']} at {content['dcterms:issued']}, {recipient}, consent {content['record']}{place}"
    )
