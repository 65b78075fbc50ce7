"""``consent-gateway demo``: fill the demonstration, serve it, or walk through it and check every step."""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.actions.ledger.search import LogCheck
from gateway.cli.demo.content import ROOT
from gateway.cli.demo.folder import Folder
from gateway.cli.demo.journey import Journey
from gateway.cli.demo.place import ADMIN, Place
from gateway.cli.demo.processes import free_port, stopping
from gateway.cli.demo.steps import Walk, WalkEnded
from gateway.cli.ledger.log import as_record, print_handoffs
from gateway.cli.serve import check_port
from gateway.cli.terminal import JSON, done, open_services, out, print_json, print_table
from gateway.model.ledger.handoffs import Handoff

WORTH_TRYING = {
    "asha.rao@lakeside.example": "student, every field filled in",
    "ben.okafor@lakeside.example": "professor, only what is required",
    "cian.obyrne@northfield.example": "student of 16: in Ireland old enough",
    "meera.iyer@lakeside.example": "student of 12: not without a guardian",
    "lakshmi.iyer@lakeside.example": "her guardian, who answers for her",
    ADMIN: "platform administrator: everything",
    "ines.moreau@platform.example": "privacy officer",
    "dele.adeyemi@platform.example": "support: finds and revokes consents",
    "sofia.conti@platform.example": "partner manager: reviews, the brake",
    "ruth.adler@platform.example": "auditor: reads, changes nothing",
    "farah.khan@lakeside.example": "administrator of one school",
}


def demo(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the gateway; 8000 unless given.")
    ] = None,
    partner_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the sample partner; 8100 unless given.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder for everything that it makes; data/demo unless given.")
    ] = None,
    database_url: Annotated[
        str, typer.Option(help="An empty PostgreSQL database, in place of the embedded one.")
    ] = "",
    reset: Annotated[
        bool, typer.Option("--reset", help="Delete what the demonstration made, then begin anew.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Walk the whole journey, check every step, and end.")
    ] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Run the gateway with people and three partners on this machine.

    A second start reuses what is there. Addresses, log-ins and secrets stand in demo.json in the folder.
    With --check, free ports and a fresh folder are taken unless given; status 1 when a step does not hold.
    """
    if check:
        with stopping():
            raise typer.Exit(not _check(port, partner_port, data, database_url, reset=reset, as_json=as_json))
        raise typer.Exit(130)
    folder = Folder((data or ROOT / "data" / "demo").resolve())
    place = Place(folder, port or 8000, partner_port or 8100, database_url)
    with stopping():
        check_port("127.0.0.1", place.port, "--port")
        check_port("127.0.0.1", place.partner_port, "--partner-port")
        facts = place.prepare(reset=reset)
        with place.running() as children:
            _show(place, facts, as_json=as_json)
            children.watch()
    if not as_json:
        done("stopped; the next start goes on with the same people and data")


def _show(place: Place, facts: Mapping[str, Any], *, as_json: bool) -> None:
    file = str(place.folder / "demo.json")
    if as_json:
        print_json(
            {"ready": True, "issuer": place.issuer, "partner_app": place.partner_app, "demo_json": file}
        )
        return
    print_table(
        "The demonstration is running",
        ("address", "what it is"),
        [
            (f"{place.partner_app}/quizco", "a partner: begin here"),
            (f"{place.partner_app}/campuspress", "another partner, held to FAPI 2.0"),
            (f"{place.partner_app}/tutorloop", "a third, for one course, by a private address"),
            (place.issuer, "the gateway: connected services, profile"),
            (f"{place.issuer}/admin", "administration"),
            (f"{place.issuer}/inbox", "the mail that it would send"),
        ],
    )
    passwords = {each["login"]: each["password"] for each in facts["people"]}
    rows = [(login, passwords[login], why) for login, why in WORTH_TRYING.items()]
    print_table("Log-ins worth trying", ("log-in", "password", "who"), rows)
    out.print(f"All {len(passwords)} people stand in {file}. Ctrl-C ends it.", soft_wrap=True)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a walk ended with."""

    walk: Walk
    handoffs: Sequence[Handoff] = ()
    log: LogCheck | None = None


def _check(
    port: int | None,
    partner_port: int | None,
    data: Path | None,
    database_url: str,
    *,
    reset: bool,
    as_json: bool,
) -> bool:
    with tempfile.TemporaryDirectory(prefix="consent-gateway-demo-") as temporary:
        folder = Folder((data or Path(temporary)).resolve())
        place = Place(folder, port or free_port(), partner_port or free_port(), database_url)
        checked = walk_through(place, reset=reset, is_silent=as_json)
    if as_json:
        print_json(_as_json(checked))
    else:
        _print(checked)
    return checked.walk.ok


def walk_through(place: Place, *, reset: bool = False, is_silent: bool = False) -> Checked:
    """Walk the journey; a step that fails ends the walk. Whatever was started is ended."""
    walk = Walk(is_silent)
    with ExitStack() as stack:
        try:
            with walk.step("people, keys and partners are there") as step:
                facts = place.prepare(reset=reset)
                step.detail = f"{len(facts['people'])} people, {len(facts['clients'])} clients"
            with walk.step("gateway and sample partner answer") as step:
                stack.enter_context(place.running())
                step.detail = f"{place.issuer}, {place.partner_app}"
            journey = stack.enter_context(closing(Journey(walk, facts)))
            journey.opt_in()
            journey.read()
            journey.sign_out()
            grant_id = journey.revoke()
            journey.be_refused()
            journey.ask_to_delete()
            return asyncio.run(_check_the_log(place, journey, grant_id))
        except WalkEnded:
            return Checked(walk)


async def _check_the_log(place: Place, journey: Journey, grant_id: str) -> Checked:
    async with open_services(place.settings) as services:
        handoffs, log = await journey.check_the_log(services, grant_id)
    return Checked(journey.walk, handoffs, log)


def _as_json(checked: Checked) -> dict[str, object]:
    log = checked.log
    return {
        "ok": checked.walk.ok,
        "steps": [asdict(step) for step in checked.walk.steps],
        "handoffs": [as_record(each) for each in checked.handoffs],
        "log": log and {"ok": log.is_sound, "handoffs": log.handoffs, "grants": log.grants},
    }


def _print(checked: Checked) -> None:
    steps = checked.walk.steps
    if checked.handoffs:
        print_handoffs(checked.handoffs)
    mark = "[green]✓[/]" if checked.walk.ok else "[bold red]✗[/]"
    held, seconds = sum(step.ok for step in steps), sum(step.seconds for step in steps)
    out.print(f"{mark} {held} of {len(steps)} steps held, {seconds:.1f} s")
