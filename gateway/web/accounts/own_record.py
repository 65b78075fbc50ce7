"""A person's whole record as a page to read and to print: what the download holds (GDPR Art. 15)."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.accounts.own_record import own_record
from gateway.actions.accounts.own_record_schema import SCHEMA, schema
from gateway.model.grants import GrantState
from gateway.web.consent.event_views import OWN_ACTOR_WORDS, OWN_EVENT_WORDS
from gateway.web.pages import views
from gateway.web.pages.formats import later, say
from gateway.web.pages.step_up import stepped_up, stepped_up_export
from gateway.web.pages.visit import Visit, show, signed_in_page
from gateway.web.pages.wording import field_label, form_label, language, purpose_label
from gateway.web.server.answers import json_answer
from scopes import FORMS, yes_no

JSON = "/connected/my-record.json"

TITLES: Mapping[str, str] = {
    "account": later("Your account"),
    "profile": later("Your profile, by the names of its fields"),
    "invitations": later("Invitations"),
    "passwords": later("Passwords"),
    "passkeys": later("Passkeys"),
    "code_generators": later("Code generators"),
    "recovery_codes": later("Recovery codes"),
    "sessions": later("Browsers that were signed in"),
    "links_by_mail": later("Links that we mailed to you"),
    "reminders": later("Reminders"),
    "guardians": later("Your guardians"),
    "named_guardians": later("Whom your school named as your guardian"),
    "children": later("Children whom you look after"),
    "answers_as_guardian": later("Your answers as a guardian"),
    "school_requests": later("Questions to your school"),
    "notices_shown": later("Notices that you were shown"),
    "private_addresses": later("Your private addresses"),
    "preferences": later("Your own choices"),
    "events": later("Decisions"),
    "handoffs": later("What left for the partner"),
    "complaints": later("Complaints"),
    "looks": later("Who looked at what"),
}
LABELS: Mapping[str, str] = {
    "role": later("Role"),
    "state": later("State"),
    "language": later("Language"),
    "organisation_id": later("School"),
    "needs_guardian": later("A guardian decides with you"),
    "created_at": later("Made"),
    "field": later("Field"),
    "source": later("Comes from"),
    "verified_at": later("Checked"),
    "changed_at": later("Changed"),
    "expires_at": later("Runs out"),
    "used_at": later("Used"),
    "kind": later("Kind"),
    "auth_time": later("Signed in"),
    "last_seen_at": later("Last seen"),
    "acr": later("How you signed in"),
    "agent": later("Browser"),
    "ended_at": later("Ended"),
    "at": later("When"),
    "about": later("About"),
    "method": later("Method"),
    "decided_at": later("When"),
    "target_id": later("About"),
    "decision": later("Answer"),
    "asked_at": later("Asked"),
    "partner_id": later("Partner"),
    "served_at": later("When"),
    "notice_id": later("Notice"),
    "client_id": later("Application"),
    "surface": later("Where"),
    "letters": later("Letters"),
    "last_at": later("The last one"),
    "address": later("Address"),
    "name": later("Choice"),
    "is_on": later("On"),
    "since": later("Since"),
    "until": later("Until"),
    "last_used_at": later("You last used it"),
    "items": later("What"),
    "you_give": later("You show"),
    "you_get": later("You see"),
    "type": later("What"),
    "by": later("Who"),
    "through": later("Where"),
    "used_by_you": later("You were there"),
    "reference": later("Reference"),
    "complete_by": later("To be done by"),
    "received_at": later("Received"),
    "answered_at": later("Answered"),
}
ITEMS_WORDS: Mapping[GrantState, str] = {
    GrantState.WAITING: later("It asked for"),
    GrantState.ACTIVE: later("It may read"),
    GrantState.PAUSED: later("It may read"),
    GrantState.REFUSED: later("It asked for"),
    GrantState.ENDED: later("It received"),
}
"""What stands with the items of a consent."""
FOR_PROGRAMS = frozenset({"client", "id", "proof", "reason", "uses"})
"""What stands in the file and not on the page; everything else of a row has its label (a test)."""
_TIMES = frozenset({"at", "since", "until", "auth_time", "complete_by"})
_ACCOUNT = ("passwords", "passkeys", "code_generators", "recovery_codes", "sessions", "links_by_mail")
_TOLD = ("profile", "preferences", *_ACCOUNT, "invitations", "guardians", "children", "answers_as_guardian")
_MORE = ("named_guardians", "school_requests", "private_addresses", "reminders", "notices_shown")


async def read_record(visit: Visit) -> Response:
    """Show one's own record as a page."""
    record = await own_record(visit.services, visit.signed_in)
    title = TITLES["account"]
    account = views.RecordPart(
        title=say(title),
        facts=_facts(record["account"], record["account"]),
        tables=tuple(_tables(record, (*_TOLD, *_MORE))),
    )
    consents = [_consent(each) for each in record["consents"]]
    contacts = [_contact(each) for each in record["contacts"]]
    view = views.OwnRecordView(
        chrome=visit.chrome("connected"),
        made_at=record["made_at"],
        json_url=JSON,
        back_url="/connected",
        parts=(*consents, *contacts, account),
    )
    return show("own_record", view)


def _consent(consent: Mapping[str, Any]) -> views.RecordPart:
    names = ("state", "since", "until", "last_used_at", "ended_at")
    deletion, state = consent["deletion"] or {}, GrantState(consent["state"])
    items = _received(consent["handoffs"]) if state is GrantState.ENDED else consent["items"]
    return views.RecordPart(
        title=f"{consent['service']} · {consent['partner']}",
        facts=(
            *_facts(consent, names),
            (say(ITEMS_WORDS[state]), _cell("items", items)),
            *_facts(deletion, [each for each in deletion if each not in FOR_PROGRAMS]),
        ),
        tables=tuple(_tables(consent, ("events", "handoffs", "complaints"))),
    )


def _received(handoffs: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    return [words for each in handoffs for words in each["items"]]


def _contact(contact: Mapping[str, Any]) -> views.RecordPart:
    names = ("state", "you_give", "you_get", "until")
    return views.RecordPart(
        title=say(later("Contact: %(name)s"), name=contact["with"] or "–"),
        facts=_facts(contact, names),
        tables=tuple(_tables(contact, ("events", "looks"))),
    )


def _facts(row: Mapping[str, Any], names: Iterable[str]) -> tuple[tuple[str, views.RecordCell], ...]:
    return tuple((say(LABELS[name]), _cell(name, row[name])) for name in names if row[name] is not None)


def _tables(parent: Mapping[str, Any], names: Iterable[str]) -> Iterable[views.RecordTable]:
    for title in names:
        rows = parent[title]
        columns = [name for name in rows[0] if name not in FOR_PROGRAMS] if rows else []
        # Words that no page says are left out, as are ids and addresses that only programs need.
        heads = [name for name in columns if any(row[name] not in (None, [], "") for row in rows)]
        if heads:
            cells = tuple(tuple(_cell(name, row[name]) for name in heads) for row in rows)
            yield views.RecordTable(
                title=say(TITLES[title]), heads=tuple(say(LABELS[name]) for name in heads), rows=cells
            )


def _cell(name: str, value: Any) -> views.RecordCell:
    if value is None:
        return views.RecordCell(text="–")
    if isinstance(value, bool):
        return views.RecordCell(text=yes_no(value, language()))
    if isinstance(value, int) and (name in _TIMES or name.endswith("_at")):
        return views.RecordCell(at=value)
    if isinstance(value, list):
        return views.RecordCell(text=", ".join(dict.fromkeys(_item(each) for each in value)))
    return views.RecordCell(text=_words(name, str(value)))


def _item(words: list[str]) -> str:
    """Say an item: its field and form, and its purpose where it has one."""
    field, form = words[0], words[-1]
    purpose = f" · {purpose_label(words[1])}" if len(words) == 3 else ""
    return f"{field_label(field)} ({form_label(field, FORMS[form])}){purpose}"


_OWN_WORDS: Mapping[tuple[str, str], str] = {
    **{("type", str(event)): words for event, words in OWN_EVENT_WORDS.items()},
    **{("by", str(actor)): words for actor, words in OWN_ACTOR_WORDS.items()},
}


def _words(name: str, value: str) -> str:
    """Say a word of ours as other pages say it; leave other words as they are."""
    if (name, value) in _OWN_WORDS:
        return say(_OWN_WORDS[name, value])
    return field_label(value) if name == "field" else value.replace("_", " ")


async def download(visit: Visit) -> Response:
    """Give one's own record as JSON."""
    text = json.dumps(await own_record(visit.services, visit.signed_in), indent=1)
    headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="my-record.json"'}
    return Response(text, 200, headers, "application/json")


async def record_schema(request: Request) -> Response:
    """Publish the schema of one's own record."""
    return json_answer(schema())


ROUTES = [
    Route(
        "/connected/my-record", signed_in_page(stepped_up(read_record, back="/connected")), methods=["GET"]
    ),
    Route(JSON, signed_in_page(stepped_up_export(download)), methods=["GET"]),
    Route(SCHEMA, record_schema, methods=["GET"]),
]
