"""``consent-gateway organisation`` and ``consent-gateway people``: schools and accounts."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gateway.actions.erasure import erase_person
from gateway.actions.guardian_links import METHODS, Linking, link_guardian, unlink_guardian
from gateway.actions.guardian_links import Fault as LinkFault
from gateway.actions.invitations import invite_again
from gateway.actions.people_import import Importer, ImportReport, add_organisation, import_people
from gateway.actions.postman import Postman
from gateway.actions.services import Services
from gateway.actions.sessions import login_index
from gateway.cli.terminal import (
    ACTOR,
    JSON,
    Fault,
    done,
    out,
    print_json,
    print_table,
    progress_bar,
    time_words,
    with_services,
)
from gateway.store.people import find_people, load_organisations

organisations = typer.Typer(help="Schools, and the service's own staff.", no_args_is_help=True)
people = typer.Typer(help="Accounts and invitations.", no_args_is_help=True)


@organisations.command()
def add(
    organisation: Annotated[str, typer.Argument(help="Its id, as people lists name it.")],
    name: Annotated[str, typer.Argument(help="Its name, as people know it.")],
    country: Annotated[str, typer.Argument(help="Where it is: two letters, ISO 3166-1.")],
) -> None:
    """Add an organisation."""
    if len(country) != 2 or not country.isalpha():
        raise typer.BadParameter("two letters, for example IN", param_hint="COUNTRY")
    if not organisation.isascii() or not organisation.isidentifier():
        raise typer.BadParameter("letters, digits and underscores only", param_hint="ORGANISATION")
    added = with_services(
        lambda services: add_organisation(services, organisation, name.strip(), country.upper())
    )
    if not added:
        raise Fault(f"there is an organisation {organisation} already; nothing was changed.")
    done(f"added {organisation}")


@organisations.command("list")
def list_organisations(as_json: Annotated[bool, JSON] = False) -> None:
    """List organisations."""
    found = with_services(lambda services: services.store.read(load_organisations, None))
    if as_json:
        print_json([asdict(each) for each in found])
        return
    rows = [(each.organisation_id, each.name, each.country, time_words(each.created_at)) for each in found]
    print_table("Organisations", ("id", "name", "country", "added (UTC)"), rows)


@people.command("import")
def import_list(
    file: Annotated[Path, typer.Argument(help="CSV; docs/guides/people.md describes the columns.")],
    no_mail: Annotated[
        bool, typer.Option("--no-mail", help="Send no invitation; print the addresses instead.")
    ] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Make an account for every good row; report every other row. Status 1 when a row was not good."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Fault(f"{file} cannot be read ({error.strerror}).") from None

    with progress_bar("importing people") as progress:

        async def work(services: Services) -> ImportReport:
            found = await import_people(
                services, content, Importer(ACTOR), send=not no_mail, progress=progress
            )
            await Postman(services).turn()
            return found

        report = with_services(work)
    if as_json:
        print_json(_as_json(report))
    else:
        _print_report(report)
    raise typer.Exit(bool(report.faults))


def _as_json(report: ImportReport) -> dict[str, object]:
    return {
        "created": [each.line for each in report.created],
        "known": [each.line for each in report.known],
        "faults": [asdict(each) for each in sorted(report.faults, key=lambda fault: fault.line)],
        "invitations": report.invitations,
    }


def _print_report(report: ImportReport) -> None:
    if report.faults:
        rows = [
            (each.line, each.column, each.message)
            for each in sorted(report.faults, key=lambda fault: fault.line)
        ]
        print_table("Rows that were left out or need a look", ("line", "column", "what is wrong"), rows)
    for login, address in report.invitations.items():
        out.print(f"{login}  {address}", soft_wrap=True)
    done(f"{len(report.created)} made, {len(report.known)} known already, {len(report.faults)} faults")


@people.command()
def invite(email: Annotated[str, typer.Argument(help="The person's log-in.")]) -> None:
    """Send a new invitation to somebody who has no password yet; older ones stop working."""

    async def work(services: Services) -> str:
        person_id = await services.store.read(find_people, login_index(services, email))
        if person_id is None:
            raise Fault("there is no account with this address. Import the person first.")
        await invite_again(services, person_id, ACTOR)
        await Postman(services).turn()
        settings = services.settings
        return "by mail" if settings.smtp_url else f"as a file in {settings.data_dir / 'mail'}"

    done(f"sent {with_services(work)}")


CHILD = typer.Argument(help="The child's log-in.")
GUARDIAN = typer.Argument(help="The guardian's log-in.")


@people.command("link-guardian")
def link(
    child: Annotated[str, CHILD],
    guardian: Annotated[str, GUARDIAN],
    method: Annotated[str, typer.Option(help=f"How the guardian was verified: {', '.join(METHODS)}.")],
    evidence: Annotated[str, typer.Option(help="Where the evidence is kept, in one line.")],
) -> None:
    """Link a guardian to a child; both are told by letter."""
    _say_link(
        lambda services: link_guardian(services, Linking(ACTOR, None, child, guardian), method, evidence)
    )
    done("linked")


@people.command("unlink-guardian")
def unlink(child: Annotated[str, CHILD], guardian: Annotated[str, GUARDIAN]) -> None:
    """End a link at once, with every consent that stands on this guardian's yes alone; both are told by letter."""
    _say_link(lambda services: unlink_guardian(services, Linking(ACTOR, None, child, guardian)))
    done("the link has ended, and what stood on it")


def _say_link(act: Callable[[Services], Awaitable[LinkFault | None]]) -> None:
    async def work(services: Services) -> LinkFault | None:
        fault = await act(services)
        await Postman(services).turn()
        return fault

    if fault := with_services(work):
        raise Fault(f"{fault.field}: {fault.words} Nothing was changed.")


@people.command()
def erase(
    email: Annotated[str, typer.Argument(help="The person's log-in.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; this cannot be taken back.")] = False,
) -> None:
    """Erase a person: every consent ends, the key that opens their values is destroyed; the log stays whole."""
    if not yes and not typer.confirm("Erase this person for ever?"):
        raise Fault("nothing was changed.")
    person_id = with_services(lambda services: erase_person(services, ACTOR, email))
    done(f"erased; the log goes on naming {person_id}, whom nothing connects with anybody any more")
