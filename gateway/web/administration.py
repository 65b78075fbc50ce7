"""What the administrators' pages share: sections, words, and conditions that come in over addresses and forms."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from urllib.parse import urlencode

from gateway.actions.admin_complaints import count_open
from gateway.actions.partners import is_waiting
from gateway.actions.sessions import is_fresh
from gateway.kit.errors import Refusal
from gateway.kit.sealing import SealBroken
from gateway.model.grants import ReasonCode
from gateway.model.people import Power, powers_of
from gateway.store.partners import load_partners
from gateway.store.school_gates import load_gates
from gateway.web import views
from gateway.web.bodies import Form
from gateway.web.formats import later, say
from gateway.web.visit import Visit
from gateway.web.wording import field_label
from scopes import FIELDS

SECTIONS: Mapping[Power, tuple[views.Section, str]] = MappingProxyType(
    {
        Power.SEE_GRANTS: ("grants", "/admin/grants"),
        Power.SEE_PARTNERS: ("partners", "/admin/partners"),
        Power.READ_LOG: ("log", "/admin/log"),
        Power.SEE_COMPLAINTS: ("complaints", "/admin/complaints"),
        Power.PROVISION_PEOPLE: ("people", "/admin/people"),
        Power.GATE_PARTNERS: ("school", "/admin/school"),
    }
)
REASON_WORDS: Mapping[ReasonCode, str] = MappingProxyType(
    {
        ReasonCode.USER_REQUEST: later("The person asked for it"),
        ReasonCode.PHONE_REQUEST: later("The person asked by phone"),
        ReasonCode.GUARDIAN_REQUEST: later("A guardian asked for it"),
        ReasonCode.SCHOOL_POLICY: later("The school's policy"),
        ReasonCode.PARTNER_BREACH: later("The partner broke its terms"),
        ReasonCode.MARKETING_COMPLAINT: later("Complaint about advertising"),
        ReasonCode.PARTNER_ENDED: later("The partner ended"),
        ReasonCode.NOTICE_CHANGED: later("The notice changed"),
        ReasonCode.EXPIRED: later("It ran out"),
        ReasonCode.UNUSED: later("It was not used"),
        ReasonCode.AGE_TRANSITION: later("The person came of age"),
        ReasonCode.ACCOUNT_CLOSED: later("The account was closed"),
        ReasonCode.SECURITY_INCIDENT: later("Security incident"),
        ReasonCode.LEGAL_ORDER: later("Order of a court or an authority"),
        ReasonCode.DATA_ERROR: later("The data was wrong"),
        ReasonCode.ADMIN_CORRECTION: later("Correction of a mistake"),
    }
)
_ACTOR_WORDS = {"system": later("the service"), "cli": later("the command line")}
_ID = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_KEY = re.compile(r"([0-9]{1,12})\.([A-Za-z0-9_-]{1,80})", re.ASCII)


async def doors(visit: Visit) -> tuple[views.Door, ...]:
    """List the sections that this administrator may enter, with what waits there."""
    powers = powers_of(visit.signed_in.person.role)
    return tuple(
        [
            await _DOORS[power](visit, url) if power in _DOORS else views.Door(section=section, url=url)
            for power, (section, url) in SECTIONS.items()
            if power in powers
        ]
    )


async def _partners_door(visit: Visit, url: str) -> views.Door:
    records = await visit.services.store.read(load_partners, None)
    return views.Door(
        section="partners", url=url, count=len(records), attention=sum(map(is_waiting, records))
    )


async def _school_door(visit: Visit, url: str) -> views.Door:
    lines = await visit.services.store.read(load_gates, visit.signed_in.person.organisation_id)
    return views.Door(section="school", url=url, attention=sum(each.waiting for each in lines))


async def _complaints_door(visit: Visit, url: str) -> views.Door:
    return views.Door(section="complaints", url=url, attention=await count_open(visit.services))


_DOORS: Mapping[Power, Callable[[Visit, str], Awaitable[views.Door]]] = MappingProxyType(
    {
        Power.SEE_PARTNERS: _partners_door,
        Power.GATE_PARTNERS: _school_door,
        Power.SEE_COMPLAINTS: _complaints_door,
    }
)


def short_person(person_id: str) -> str:
    """Shorten a person's id: enough to tell two people on one page apart, and nothing that says who they are."""
    return person_id if len(person_id) <= 10 else f"{person_id[:10]}…"


def actor_words(actor_id: str) -> str:
    """Name an administrator in a history."""
    if not actor_id.startswith("per_"):
        return say(_ACTOR_WORDS.get(actor_id, actor_id))
    return say("administrator %(id)s", id=short_person(actor_id))


def reason_options(
    reasons: Iterable[ReasonCode], chosen: ReasonCode | None = None
) -> tuple[views.Option, ...]:
    """Offer reasons to choose from."""
    return tuple(
        views.Option(value=str(reason), label=say(REASON_WORDS[reason]), chosen=reason is chosen)
        for reason in reasons
    )


def read_reason(form: Form, reasons: Iterable[ReasonCode]) -> ReasonCode | None:
    """Read the reason that was chosen; None when none was.

    Raises:
        Refusal: ``bad_form`` for one that was not offered.
    """
    given = form.one("reason")
    if not given:
        return None
    found = {str(reason): reason for reason in reasons}.get(given)
    if found is None:
        raise Refusal("bad_form", detail="a reason that was not offered")
    return found


def path_id(visit: Visit, name: str) -> str:
    """Read an id out of the address.

    Raises:
        Refusal: ``not_found`` for what no id of ours looks like; PostgreSQL would choke on a NUL.
    """
    given: str = visit.request.path_params[name]
    if _ID.fullmatch(given) is None:
        raise Refusal("not_found", detail="not an id")
    return given


def password_first(visit: Visit, path: str) -> str:
    """Give the address where the password is asked for again, if it was given too long ago; else nothing."""
    if is_fresh(visit.services, visit.signed_in):
        return ""
    return f"/reauthenticate?{urlencode({'next': path})}"


class Conditions:
    """The conditions of a search, as they stand in the page's address: a person only under seal."""

    def __init__(self, visit: Visit, path: str) -> None:
        """Read the address.

        Args:
            path: of the page itself.

        Raises:
            Refusal: ``bad_form`` for a person that was not sealed for this administrator.
        """
        self._path = path
        self._query = visit.request.query_params
        self.email = ""
        self.errors: list[views.FieldError] = []
        sealed = self._query.get("person", "")
        if sealed:
            try:
                self.email = str(visit.services.seal.open_ticket(_place(visit), sealed)["email"])
            except SealBroken:
                raise Refusal("bad_form", detail="a person that was not searched for here") from None

    @property
    def are_given(self) -> bool:
        """Whether anything was searched for."""
        return any(self._query.get(name) for name in ("person", "partner", "field", "state", "from", "to"))

    def text(self, name: str) -> str:
        """Give a condition as it was typed."""
        return self._query.get(name, "")

    def one_of(self, name: str, known: Iterable[str]) -> str | None:
        """Give a condition that is one of those on offer; None when it was left out.

        Raises:
            Refusal: ``bad_form`` for anything else.
        """
        given = self.text(name)
        if given and given not in known:
            raise Refusal("bad_form", detail=f"{name} is none of those on offer")
        return given or None

    def day(self, name: str) -> int | None:
        """Give the beginning of a day, in UTC; a day that does not exist is an error on the page."""
        return self._instant(name, say("There is no such day."))

    def moment(self, name: str) -> int | None:
        """Give a moment, in UTC as the page shows times; a wrong one is an error on the page."""
        return self._instant(name, say("There is no such time."))

    def _instant(self, name: str, message: str) -> int | None:
        try:
            given = datetime.fromisoformat(self.text(name)) if self.text(name) else None
        except ValueError:
            given = None
            self.errors.append(views.FieldError(field=name, message=message))
        return None if given is None else int(given.replace(tzinfo=UTC).timestamp())

    def check_order(self, since: int | None, until: int | None, message: str) -> None:
        """Make it an error on the page that nothing lies between the two."""
        if since is not None and until is not None and since >= until:
            self.errors.append(views.FieldError(field="from", message=message))

    def before(self) -> tuple[int, str] | None:
        """Give the key from which the page goes on.

        Raises:
            Refusal: ``bad_form`` for anything that no page of ours links to.
        """
        given = self.text("before")
        found = _KEY.fullmatch(given)
        if given and found is None:
            raise Refusal("bad_form", detail="not a key of a page")
        return (int(found[1]), found[2]) if found else None

    def pager(self, older: tuple[int, str] | None) -> views.Pager:
        """Link to the older page, and back to the newest one."""
        kept = {name: value for name, value in self._query.items() if name not in ("before", "done")}
        return views.Pager(
            newer_url=f"{self._path}?{urlencode(kept)}" if self.text("before") else "",
            older_url=f"{self._path}?{urlencode(kept | {'before': f'{older[0]}.{older[1]}'})}"
            if older
            else "",
        )


def _place(visit: Visit) -> str:
    return f"search:{visit.signed_in.person.person_id}"


def address_of_search(visit: Visit, form: Form, names: Iterable[str]) -> str:
    """Turn a search that was posted into an address; a person goes into it under seal."""
    given = {name: form.one(name) for name in names}
    email = form.one("person").strip()
    if email:
        given["person"] = visit.services.seal.ticket(_place(visit), {"email": email})
    query = urlencode({name: value for name, value in given.items() if value})
    return f"{visit.request.url.path}?{query}" if query else visit.request.url.path


def partner_options(visit: Visit, chosen: str | None) -> tuple[views.Option, ...]:
    """Offer every partner."""
    known = sorted(
        (each.partner for each in visit.services.registry.partners.values()),
        key=lambda partner: partner.brand.casefold(),
    )
    return tuple(
        views.Option(value=each.partner_id, label=each.brand, chosen=each.partner_id == chosen)
        for each in known
    )


def field_options(chosen: str | None) -> tuple[views.Option, ...]:
    """Offer every field of the catalogue."""
    return tuple(views.Option(value=name, label=field_label(name), chosen=name == chosen) for name in FIELDS)
