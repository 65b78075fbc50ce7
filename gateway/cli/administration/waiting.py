"""``consent-gateway waiting``: what takes two people, and agreeing to it, refusing it, taking it back."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from gateway.actions.administration.waiting_kinds import (
    KINDS,
    SeenAct,
    approve_act,
    break_glass,
    refuse_act,
    see_act,
    see_waiting,
    withdraw_act,
)
from gateway.actions.operation.postman import Postman
from gateway.actions.services import Services
from gateway.cli.terminal import (
    JSON,
    CommandFault,
    at_command_line,
    done,
    print_facts,
    print_json,
    print_table,
    time_words,
    with_services,
)
from gateway.model.administration.waiting import WaitingAct

app = typer.Typer(help="Requests that need a second person: approve, refuse, withdraw.", no_args_is_help=True)
REQUEST = typer.Argument(metavar="REQUEST", help="The request's id, as 'waiting list' shows it.")


@app.command("list")
def list_all(as_json: Annotated[bool, JSON] = False) -> None:
    """List what waits, and what was dealt with of late."""
    found = with_services(lambda services: see_waiting(services, at_command_line()))
    if as_json:
        print_json([_as_json(each) for each in found])
        return
    print_table(
        "Waiting for a second person",
        ("request", "what", "about", "asked by", "runs out (UTC)", "state"),
        [
            (
                each.act_id,
                KINDS[each.kind].title,
                each.target_id,
                each.asked_by,
                time_words(each.expires_at),
                each.state,
            )
            for each in found
        ],
    )


def _as_json(act: WaitingAct) -> dict[str, object]:
    return {
        "request": act.act_id,
        "kind": str(act.kind),
        "target_kind": act.target_kind,
        "target": act.target_id,
        "content": act.content_digest,
        "why": act.why,
        "asked_by": act.asked_by,
        "asked_at": act.asked_at,
        "expires_at": act.expires_at,
        "state": str(act.state),
        "decided_by": act.decided_by,
        "decided_at": act.decided_at,
    }


@app.command()
def show(act_id: Annotated[str, REQUEST], as_json: Annotated[bool, JSON] = False) -> None:
    """Show one request: what exactly, who asked and why."""
    seen = with_services(lambda services: see_act(services, at_command_line(), act_id))
    if as_json:
        print_json(_as_json(seen.act) | {"facts": {str(name): str(value) for name, value in seen.facts}})
        return
    act = seen.act
    print_facts(
        {
            "request": f"{act.act_id} ({seen.rule.title})",
            **{str(name): value for name, value in seen.facts},
            "why": act.why or "not said",
            "asked by": f"{act.asked_by}, {time_words(act.asked_at)} UTC",
            "runs out": f"{time_words(act.expires_at)} UTC",
            "state": act.state if act.decided_by is None else f"{act.state} by {act.decided_by}",
            "content": act.content_digest,
            **_next(seen),
        }
    )


def _next(seen: SeenAct) -> dict[str, object]:
    if not seen.is_open:
        return {}
    agree = f"consent-gateway waiting approve {seen.act.act_id} --content {seen.act.content_digest}"
    return {"next": seen.in_the_way or agree}


@app.command()
def approve(
    act_id: Annotated[str, REQUEST],
    content: Annotated[str, typer.Option(help="Digest of the content that you have looked at.")],
) -> None:
    """Approve as the second person; it is done at once. A request from a command line is approved on the page."""
    _deal(lambda services: approve_act(services, at_command_line(), act_id, content))
    done(f"{act_id} is agreed to and done")


@app.command("break-glass")
def alone(
    act_id: Annotated[str, REQUEST],
    content: Annotated[str, typer.Option(help="Digest of the content that you have looked at.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Approve alone, when there is no second administrator. It is put on record, and every administrator is told."""
    if not yes and not typer.confirm("This goes round the second person, and everybody is told. Go on?"):
        raise CommandFault("nothing was changed.")
    _deal(lambda services: break_glass(services, at_command_line(), act_id, content))
    done(f"{act_id} is done by one person alone; 'doctor' says so for 30 days")


@app.command()
def refuse(act_id: Annotated[str, REQUEST]) -> None:
    """Refuse as the second person; nothing is changed."""
    _deal(lambda services: refuse_act(services, at_command_line(), act_id))
    done(f"{act_id} is refused; nothing was changed")


@app.command()
def withdraw(act_id: Annotated[str, REQUEST]) -> None:
    """Withdraw a request of your own."""
    _deal(lambda services: withdraw_act(services, at_command_line(), act_id))
    done(f"{act_id} is taken back; nothing was changed")


def _deal(step: Callable[[Services], Awaitable[WaitingAct]]) -> None:
    async def work(services: Services) -> None:
        await step(services)
        await Postman(services).turn()

    with_services(work)
