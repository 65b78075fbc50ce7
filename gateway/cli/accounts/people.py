"""``consent-gateway organisation`` and ``consent-gateway people``: schools and accounts."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from gateway.actions.accounts.erasure import erase_person
from gateway.actions.accounts.invitations import invite_again
from gateway.actions.administration.factor_reset import ask_for_reset
from gateway.actions.administration.organisations import add_organisation, set_zone
from gateway.actions.administration.people import PeopleSearch, see_people
from gateway.actions.administration.people_import import Importer, ImportReport, import_people
from gateway.actions.administration.person_stops import (
    STOP_REASONS,
    deactivate,
    end_sessions_of,
    reactivate,
)
from gateway.actions.administration.roles import ask_for_role
from gateway.actions.authentication.sessions import login_index
from gateway.actions.guardians.naming import propose_guardian
from gateway.actions.guardians.new_proposals import METHODS
from gateway.actions.guardians.pairs import LinkFault, Linking
from gateway.actions.guardians.unlinking import unlink_guardian
from gateway.actions.operation.postman import Postman
from gateway.actions.services import Services
from gateway.cli.terminal import (
    JSON,
    CommandFault,
    acting_name,
    at_command_line,
    done,
    out,
    print_json,
    print_table,
    progress_bar,
    time_words,
    with_services,
)
from gateway.kit.zones import is_zone, only_zone_of
from gateway.model.administration.waiting import WaitingAct
from gateway.model.grants import ReasonCode
from gateway.model.people import PersonState, Role
from gateway.store.accounts.logins import find_people
from gateway.store.accounts.organisations import load_organisations
from gateway.store.accounts.people import AccountLine

T = TypeVar("T")
organisations = typer.Typer(help="Schools, and the service's own staff.", no_args_is_help=True)
people = typer.Typer(help="Accounts and invitations.", no_args_is_help=True)
LOGIN = typer.Argument(help="The person's log-in.")


@organisations.command()
def add(
    organisation: Annotated[str, typer.Argument(help="Its id, as people lists name it.")],
    name: Annotated[str, typer.Argument(help="Its name, as people know it.")],
    country: Annotated[str, typer.Argument(help="Where it is: two letters, ISO 3166-1.")],
    timezone: Annotated[
        str, typer.Option(help="Its time zone (IANA), where the country has more than one.")
    ] = "",
) -> None:
    """Add an organisation."""
    if len(country) != 2 or not country.isalpha():
        raise typer.BadParameter("two letters, for example IN", param_hint="COUNTRY")
    if not organisation.isascii() or not organisation.isidentifier():
        raise typer.BadParameter("letters, digits and underscores only", param_hint="ORGANISATION")
    if timezone:
        _check_zone(timezone)
    added = with_services(
        lambda services: add_organisation(services, organisation, name.strip(), country.upper(), timezone)
    )
    if not added:
        raise CommandFault(f"there is an organisation {organisation} already; nothing was changed.")
    is_said = timezone or only_zone_of(country.upper())
    done(
        f"added {organisation}"
        if is_said
        else f"added {organisation}; its country has several time zones: consent-gateway organisation set-timezone"
    )


@organisations.command("set-timezone")
def set_timezone(
    organisation: Annotated[str, typer.Argument(help="Its id, as people lists name it.")],
    timezone: Annotated[str, typer.Argument(help="IANA, such as Asia/Kolkata.")],
) -> None:
    """Say in which time zone an organisation is: times are shown in it, and its children's birthdays begin by it."""
    _check_zone(timezone)
    if not with_services(lambda services: set_zone(services, organisation, timezone)):
        raise CommandFault(
            f"there is no {organisation}, or it is in {timezone} already; nothing was changed."
        )
    done(f"{organisation} is in {timezone}")


def _check_zone(timezone: str) -> None:
    if not is_zone(timezone):
        raise typer.BadParameter("a name of the IANA database, such as Asia/Kolkata", param_hint="TIMEZONE")


@organisations.command("list")
def list_organisations(as_json: Annotated[bool, JSON] = False) -> None:
    """List organisations."""
    found = with_services(lambda services: services.store.read(load_organisations, None))
    if as_json:
        print_json([asdict(each) for each in found])
        return
    rows = [
        (
            each.organisation_id,
            each.name,
            each.country,
            each.timezone or "not said",
            time_words(each.created_at),
        )
        for each in found
    ]
    print_table("Organisations", ("id", "name", "country", "time zone", "added (UTC)"), rows)


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
        raise CommandFault(f"{file} cannot be read ({error.strerror}).") from None

    with progress_bar("importing people") as progress:

        async def work(services: Services) -> ImportReport:
            found = await import_people(
                services, content, Importer(acting_name()), send=not no_mail, progress=progress
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
        "asked": [each.line for each in report.asked],
        "waiting": [each.line for each in report.waiting],
        "to_second": [each.line for each in report.to_second],
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
    if report.waiting:
        out.print(
            f"{len(report.waiting)} with powers: each waits for a second administrator (consent-gateway waiting list)"
        )
    if report.to_second:
        out.print(
            f"{len(report.to_second)} guardians who are administrators: each waits for a second administrator "
            "(consent-gateway waiting list)"
        )
    done(
        f"{len(report.created)} made, {len(report.known)} known already, "
        f"{len(report.asked)} guardians asked, {len(report.faults)} faults"
    )


@people.command()
def invite(email: Annotated[str, LOGIN]) -> None:
    """Send a new invitation to somebody who has no password yet; older ones stop working."""

    async def work(services: Services) -> str:
        person_id = await services.store.read(find_people, login_index(services, email))
        if person_id is None:
            raise CommandFault("there is no account with this address. Import the person first.")
        await invite_again(services, person_id, acting_name())
        await Postman(services).turn()
        settings = services.settings
        return "by mail" if settings.smtp_url else f"as a file in {settings.data_dir / 'mail'}"

    done(f"sent {with_services(work)}")


@people.command("list")
def list_people(
    organisation: Annotated[str | None, typer.Option(help="Id of an organisation.")] = None,
    role: Annotated[Role | None, typer.Option(help="What they are to the service.")] = None,
    state: Annotated[PersonState | None, typer.Option(help="Where the account stands.")] = None,
    before: Annotated[
        str, typer.Option(help="Go on where a page ended: the word that stands below it.")
    ] = "",
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """List the newest accounts that fit; never a name or an address. A search is put on record."""
    at, _, person_id = before.partition(".")
    if before and not (at.isdecimal() and person_id):
        raise typer.BadParameter("the word that stands below a page", param_hint="--before")
    key = (int(at), person_id) if before else None
    _print_accounts(PeopleSearch(organisation_id=organisation, role=role, state=state, before=key), as_json)


@people.command()
def find(email: Annotated[str, LOGIN], as_json: Annotated[bool, JSON] = False) -> None:
    """Find the accounts of one address, exactly. The search is put on record."""
    _print_accounts(PeopleSearch(email=email), as_json)


def _print_accounts(search: PeopleSearch, as_json: bool) -> None:
    found = with_services(lambda services: see_people(services, at_command_line(), search))
    older = f"{found.older[0]}.{found.older[1]}" if found.older else None
    if as_json:
        print_json({"accounts": [_account_as_json(each) for each in found.lines], "before": older})
        return
    print_table(
        "Accounts, newest first",
        ("person", "organisation", "role", "state", "made (UTC)"),
        [
            (
                each.person.person_id,
                each.person.organisation_id,
                each.person.role,
                each.person.state,
                time_words(each.created_at),
            )
            for each in found.lines
        ],
    )
    if older:
        out.print(f"There are older ones: --before {older}", soft_wrap=True)


def _account_as_json(line: AccountLine) -> dict[str, object]:
    return {
        "person_id": line.person.person_id,
        "organisation_id": line.person.organisation_id,
        "role": str(line.person.role),
        "state": str(line.person.state),
        "created_at": line.created_at,
        "invited_until": line.invited_until,
    }


@people.command("sign-out")
def sign_out(email: Annotated[str, LOGIN]) -> None:
    """Sign somebody out in every browser."""
    _do(email, lambda services, who: end_sessions_of(services, at_command_line(), who))
    done("signed out everywhere")


REASON = typer.Option(help=f"Why: {', '.join(STOP_REASONS)}.")


@people.command("deactivate")
def deactivate_account(email: Annotated[str, LOGIN], reason: Annotated[ReasonCode, REASON]) -> None:
    """Deactivate an account: signed out everywhere, and nothing of the person's is read until it is brought back."""
    _check_reason(reason)
    _do(email, lambda services, who: deactivate(services, at_command_line(), who, reason))
    done("deactivated; consent-gateway people reactivate brings the account back")


@people.command("reactivate")
def reactivate_account(email: Annotated[str, LOGIN], reason: Annotated[ReasonCode, REASON]) -> None:
    """Bring a deactivated account back; one with powers waits until an administrator approves it on the page."""
    _check_reason(reason)
    waits = _do(email, lambda services, who: reactivate(services, at_command_line(), who, reason))
    done("the account is back" if waits is None else _waits(waits))


def _check_reason(reason: ReasonCode) -> None:
    if reason not in STOP_REASONS:
        raise typer.BadParameter(f"one of {', '.join(STOP_REASONS)}", param_hint="--reason")


def _do(email: str, act: Callable[[Services, str], Awaitable[T]]) -> T:
    """Do something to the account of a log-in, and let the letters of it leave."""

    async def work(services: Services) -> T:
        person_id = await services.store.read(find_people, login_index(services, email))
        if person_id is None:
            raise CommandFault("there is no account with this address.")
        outcome = await act(services, person_id)
        await Postman(services).turn()
        return outcome

    return with_services(work)


CHILD = typer.Argument(help="The child's log-in.")
GUARDIAN = typer.Argument(help="The guardian's log-in.")


@people.command("link-guardian")
def link(
    child: Annotated[str, CHILD],
    guardian: Annotated[str, GUARDIAN],
    method: Annotated[str, typer.Option(help=f"How the guardian was verified: {', '.join(METHODS)}.")],
    evidence: Annotated[str, typer.Option(help="Where the evidence is kept, in one line.")],
) -> None:
    """Name a guardian for a child; both get a letter, and the link begins when the guardian confirms it."""
    named = _say_link(
        lambda services: propose_guardian(
            services, Linking(acting_name(), None, child, guardian), method, evidence
        )
    )
    if named is None:
        done("asked; the link begins when the guardian confirms it from their own log-in")
        return
    done(
        f"the guardian is an administrator, or shares an address or a phone number with one: {named.act_id} waits for "
        f"a second administrator (consent-gateway waiting show {named.act_id}); then the guardian is asked"
    )


@people.command("unlink-guardian")
def unlink(child: Annotated[str, CHILD], guardian: Annotated[str, GUARDIAN]) -> None:
    """End a link now, and every consent that only this guardian gave; withdraw a link that is not confirmed yet."""
    _say_link(lambda services: unlink_guardian(services, Linking(acting_name(), None, child, guardian)))
    done("it has ended, and what stood on it")


def _say_link(act: Callable[[Services], Awaitable[LinkFault | WaitingAct | None]]) -> WaitingAct | None:
    async def work(services: Services) -> LinkFault | WaitingAct | None:
        named = await act(services)
        await Postman(services).turn()
        return named

    named = with_services(work)
    if isinstance(named, LinkFault):
        raise CommandFault(f"{named.field}: {named.words} Nothing was changed.")
    return named


@people.command()
def erase(
    email: Annotated[str, LOGIN],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; this cannot be taken back.")] = False,
) -> None:
    """Erase a person: every consent ends, the key that opens their values is destroyed; the log stays whole."""
    if not yes and not typer.confirm("Erase this person for ever?"):
        raise CommandFault("nothing was changed.")
    person_id = with_services(lambda services: erase_person(services, acting_name(), email))
    done(f"erased; the log goes on naming {person_id}, whom nothing connects with anybody any more")


@people.command("reset-factor")
def reset_factor(
    email: Annotated[str, LOGIN],
    why: Annotated[str, typer.Option(help="Why; the second person reads it.")],
) -> None:
    """Ask to remove a lost second factor. An administrator has to approve it on the page."""
    _ask(email, lambda services, who: ask_for_reset(services, at_command_line(), who, why))


@people.command()
def role(
    email: Annotated[str, LOGIN],
    role: Annotated[Role, typer.Argument(help="The role that the account shall have.")],
    why: Annotated[str, typer.Option(help="Why; the second person reads it.")],
) -> None:
    """Ask to change a person's role. An administrator has to approve it on the page."""
    _ask(email, lambda services, who: ask_for_role(services, at_command_line(), who, role, why))


def _ask(email: str, ask: Callable[[Services, str], Awaitable[WaitingAct]]) -> None:
    done(_waits(_do(email, ask)))


def _waits(act: WaitingAct) -> str:
    return f"{act.act_id} waits for an administrator: consent-gateway waiting list"
