"""Made-up views of contacts between people."""

from dataclasses import replace

from gateway.kit.clock import DAY
from gateway.web.pages.views import (
    ConsentItem,
    ContactAnswerView,
    ContactAskView,
    ContactDetail,
    ContactEndedView,
    ContactRow,
    ContactsView,
    Event,
    FieldError,
    FormChoice,
    Look,
    SeenDetail,
    View,
)
from tests.gateway.web.samples.frame import NOW, person

at_contacts = replace(person, here="contacts")
items = (
    ConsentItem(
        key="email",
        label="E-mail",
        so_that="so that they can write to you",
        forms=(
            FormChoice(form="masked", label="masked", value="a***@lakeside.example.org", chosen=True),
            FormChoice(form="full", label="full", value="a***@lakeside.example.org"),
        ),
    ),
    ConsentItem(
        key="phone_number",
        label="Phone",
        so_that="so that they can call you",
        forms=(
            FormChoice(form="masked", label="last two digits", value="+91 ••••••01", chosen=True),
            FormChoice(form="full", label="full", value="+91 ••••••01"),
        ),
    ),
    ConsentItem(
        key="address",
        label="Postal address",
        so_that="so that they can send you letters",
        forms=(
            FormChoice(form="coarse", label="town and region only", value=None, chosen=True),
            FormChoice(form="full", label="full", value=None),
        ),
        missing="own",
    ),
)
ask = ContactAskView(
    chrome=at_contacts,
    action="/contacts/ask",
    items=items,
    maximum_length=254,
    reveal_url="/reauthenticate?next=/contacts/ask",
)
contact = ContactDetail(
    chrome=at_contacts,
    name="Ben Okafor",
    state="live",
    since=NOW - 40 * DAY,
    sees=(
        SeenDetail(label="E-mail", form="full"),
        SeenDetail(label="Phone", form="last two digits"),
    ),
    items=(replace(items[0], ticked=True), *items[1:]),
    looks=(
        Look(at=NOW - 3600, who="you", what=("E-mail", "Phone"), check_url="/contacts/con_1/check/cvw_2"),
        Look(at=NOW - 3 * DAY, who="Ben Okafor", what=("E-mail",), check_url="/contacts/con_1/check/cvw_1"),
    ),
    events=(
        Event(at=NOW - 40 * DAY, what="Said yes", actor="you", check_url="/contacts/con_1/check/cev_2"),
        Event(at=NOW - 41 * DAY, what="Asked", actor="Ben Okafor", check_url="/contacts/con_1/check/cev_1"),
    ),
    needs_password=True,
    show_action="/contacts/con_1/show",
    change_action="/contacts/con_1/change",
    end_action="/contacts/con_1/end",
    reveal_url="/reauthenticate?next=/contacts/con_1",
)
ended = replace(
    contact,
    state="ended",
    ended_at=NOW - DAY,
    shown=("E-mail",),
    show_action="",
    change_action="",
    end_action="",
    reveal_url="",
)
asked = replace(
    contact,
    name="noor@lakeside.example.org",
    state="asked",
    until=NOW + 29 * DAY,
    shown=("E-mail",),
    sees=(),
    looks=(),
    events=(Event(at=NOW - DAY, what="Asked", actor="you"),),
    show_action="",
    change_action="",
    reveal_url="",
)
SAMPLES: dict[str, tuple[str, View]] = {
    "contacts": (
        "contacts",
        ContactsView(
            chrome=at_contacts,
            ask_url="/contacts/ask",
            rows=(
                ContactRow(name="Deepa Kini", state="to_answer", url="/contacts/con_2", at=NOW - 3600),
                ContactRow(
                    name="Ben Okafor",
                    state="live",
                    url="/contacts/con_1",
                    at=NOW - 40 * DAY,
                    sees=("E-mail", "Phone"),
                    shows=("E-mail",),
                ),
                ContactRow(
                    name="noor@lakeside.example.org", state="asked", url="/contacts/con_3", at=NOW - DAY
                ),
                ContactRow(name="Aoife Ní Bhriain", state="ended", url="/contacts/con_4", at=NOW - 9 * DAY),
            ),
        ),
    ),
    "contacts.nobody": ("contacts", ContactsView(chrome=at_contacts, ask_url="/contacts/ask", rows=())),
    "contacts.closed": ("contacts", ContactsView(chrome=at_contacts, rows=())),
    "contact_ask": ("contact_ask", ask),
    "contact_ask.wrong": (
        "contact_ask",
        replace(
            ask,
            who="ben@",
            items=(replace(items[0], ticked=True), *items[1:]),
            errors=(FieldError(field="who", message="Type one whole e-mail address."),),
        ),
    ),
    "contact_ask.throttled": ("contact_ask", replace(ask, throttled_seconds=3600)),
    "contact_answer": (
        "contact_answer",
        ContactAnswerView(
            chrome=at_contacts,
            action="/contacts/con_2",
            name="Deepa Kini",
            asked_at=NOW - 3600,
            items=items,
            cool_off_days=90,
            offers=("E-mail", "Phone"),
            reveal_url="/reauthenticate?next=/contacts/con_2",
        ),
    ),
    "contact_answer.nothing-offered": (
        "contact_answer",
        ContactAnswerView(
            chrome=at_contacts,
            action="/contacts/con_2",
            name="Deepa Kini",
            asked_at=NOW - 3600,
            items=items,
            cool_off_days=90,
        ),
    ),
    "contact": ("contact", contact),
    "contact.shown": (
        "contact",
        replace(
            contact,
            is_open=True,
            needs_password=False,
            show_action="",
            sees=(
                SeenDetail(label="E-mail", form="full", value="ben@lakeside.example.org"),
                SeenDetail(label="Phone", form="last two digits", missing=True),
            ),
            reveal_url="",
        ),
    ),
    "contact.nothing-yet": ("contact", replace(contact, sees=(), looks=(), show_action="")),
    "contact.asked": ("contact", asked),
    "contact.ended": ("contact", ended),
    "contact_ended": (
        "contact_ended",
        ContactEndedView(chrome=at_contacts, name="Ben Okafor", ended_at=NOW, detail_url="/contacts/con_1"),
    ),
    "contact_ended.taken-back": (
        "contact_ended",
        ContactEndedView(
            chrome=at_contacts,
            name="noor@lakeside.example.org",
            taken_back=True,
            ended_at=NOW,
            detail_url="/contacts/con_3",
        ),
    ),
}
