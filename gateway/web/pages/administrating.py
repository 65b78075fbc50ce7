"""What the administrators' pages share: sections, words, and conditions that come in over addresses and forms."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from urllib.parse import urlencode

from gateway.actions.authentication.sessions import is_fresh
from gateway.kit.errors import Refusal
from gateway.kit.secrets.sealing import SealBroken
from gateway.model.administration.actions import REGISTRATION, SYSTEM
from gateway.model.administration.waiting import COMMAND_LINE
from gateway.model.grants import ReasonCode
from gateway.model.people import PERSON_PREFIX
from gateway.web.pages import views
from gateway.web.pages.formats import later, say, voice
from gateway.web.pages.reason_words import reason_choice
from gateway.web.pages.visit import Visit
from gateway.web.pages.wording import field_label
from gateway.web.server.bodies import PostedForm
from scopes import FIELDS

ACTING_WORDS: Mapping[str, str] = MappingProxyType(
    {
        COMMAND_LINE: later("the command line"),
        SYSTEM: later("the service"),
        REGISTRATION: later("the partner"),
    }
)
"""Who acts in a history beside administrators, by what their ids begin with."""
CONDITIONS = ("person", "partner", "field", "state", "role", "organisation", "from", "to")
"""Everything that any section can be searched by."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_KEY = re.compile(r"([0-9]{1,12})\.([A-Za-z0-9_-]{1,80})", re.ASCII)


def short_person(person_id: str) -> str:
    """Shorten a person's id, so that it tells two people on one page apart and says nothing of who they are."""
    return person_id if len(person_id) <= 10 else f"{person_id[:10]}…"


def actor_words(actor_id: str) -> str:
    """Name whoever acted, in a history; an id of any other kind is an error."""
    if actor_id.startswith(PERSON_PREFIX):
        return say("administrator %(id)s", id=short_person(actor_id))
    kind, _, name = actor_id.partition(":")
    if kind == COMMAND_LINE and name:
        return say("the command line (%(name)s)", name=name)
    return say(ACTING_WORDS[kind])


def reason_options(
    reasons: Iterable[ReasonCode], chosen: ReasonCode | None = None
) -> tuple[views.Option, ...]:
    """Offer reasons to choose from."""
    return tuple(
        views.Option(value=str(reason), label=reason_choice(reason), chosen=reason is chosen)
        for reason in reasons
    )


def read_reason(form: PostedForm, reasons: Iterable[ReasonCode]) -> ReasonCode | None:
    """Read the reason that was chosen; None when none was.

    Raises:
        Refusal: ``bad_form`` for one that was not offered.
    """
    given = form.one("reason")
    if not given:
        return None
    offered = {str(reason): reason for reason in reasons}
    if given not in offered:
        raise Refusal("bad_form", detail="a reason that was not offered")
    return offered[given]


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
        return any(self._query.get(name) for name in CONDITIONS)

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
        """Give the beginning of a day in the reader's zone; a day that does not exist is an error on the page."""
        return self._instant(name, say("There is no such day."))

    def moment(self, name: str) -> int | None:
        """Give a moment in the zone in which the page shows times; a wrong one is an error on the page."""
        return self._instant(name, say("There is no such time."))

    def _instant(self, name: str, message: str) -> int | None:
        try:
            given = datetime.fromisoformat(self.text(name)) if self.text(name) else None
        except ValueError:
            given = None
            self.errors.append(views.FieldError(field=name, message=message))
        return None if given is None else int(given.replace(tzinfo=voice.get().zone).timestamp())

    def check_order(self, since: int | None, until: int | None, message: str) -> None:
        """Make it an error on the page if the second time is not after the first."""
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


def address_of_search(visit: Visit, form: PostedForm, names: Iterable[str]) -> str:
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
