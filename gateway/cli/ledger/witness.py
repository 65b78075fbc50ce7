"""``consent-gateway log witness``: a witness of other people's logs, without a gateway or a database."""

from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from gateway.actions.ledger.witness import Witness, WitnessIsBusy
from gateway.cli.serve import check_port
from gateway.cli.terminal import CommandFault, done
from gateway.kit.clock import system_clock
from gateway.ledger.notes import NoteError, NoteKey, parse_key
from gateway.web.ledger.witness import witness_app


def witness(
    name: Annotated[str, typer.Option(help="The witness's name, for example witness.example/w1.")],
    log: Annotated[
        list[str] | None, typer.Option(help="Verifier key of a log that is witnessed. May be repeated.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where key and last checkpoints are kept.")] = Path("witness"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8200,
    show_key: Annotated[bool, typer.Option("--show-key", help="Print the witness's key, and end.")] = False,
) -> None:
    """Run a witness: it cosigns a log's checkpoints as long as each continues the one before.

    Let somebody run it who does not run the gateway. What it remembers makes a fork and a rollback impossible to hide
    from everybody who trusts its key. If the folder is lost, start again under a new name.
    """
    try:
        found = Witness(folder, name, [_log_key(each) for each in log or []], system_clock)
    except (OSError, ValueError) as error:
        raise CommandFault(f"{folder} cannot be used ({error.__class__.__name__}).") from None
    if show_key:
        typer.echo(str(found.key))
        return
    if not log:
        raise CommandFault(
            "no --log: a witness needs at least one log's verifier key, from the log's /log/keys."
        )
    check_port(host, port, "--port")
    try:
        with found.alone():
            done(f"witness of {len(log)} log(s) on http://{host}:{port}; its key is {found.key}")
            uvicorn.run(
                witness_app(found),
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                server_header=False,
            )
    except WitnessIsBusy:
        raise CommandFault(f"another witness is at work in {folder}.") from None


def _log_key(text: str) -> NoteKey:
    try:
        return parse_key(text)
    except NoteError as error:
        raise CommandFault(f"--log {text}: {error}.") from None
