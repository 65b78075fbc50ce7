"""What the pages of the consent screen show."""

from collections.abc import Iterable
from typing import Any, Literal
from urllib.parse import urlencode

from gateway.actions.consent.screen import Blocked, Screen
from gateway.actions.oauth.authorize import seal_authorization
from gateway.consent.notices import beside
from gateway.consent.terms import OWN_DAY, Term, default_term, own_days, read_term, terms
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.model.grants import Grant
from gateway.model.item_keys import item_key
from gateway.model.registry import Notice, RegisteredPartner
from gateway.web.pages import views
from gateway.web.pages.formats import date_words, later, say, translate_plural
from gateway.web.pages.visit import Visit
from gateway.web.pages.wording import country_name, duration, field_label, form_label, language, so_that
from partners import Offer, OfferDifference, OfferItem
from scopes import CONTACT_FIELDS, FIELDS, Form, Necessity, Sensitivity, masked, notice_line


def partner_view(partner: RegisteredPartner) -> views.PartnerCard:
    """Show a partner as the registry knows it."""
    found = partner.partner
    return views.PartnerCard(
        brand=found.brand,
        legal_name=found.legal_name,
        address=found.address,
        contact=found.contact,
        grievance_contact=found.grievance_contact,
        policy_url=found.policy_url,
    )


def sign_in_view(visit: Visit, screen: Screen, fault: str = "") -> views.SignInView:
    """Show what a request for no field asks: whether the partner may know the person again."""
    return views.SignInView(**_asking(visit, screen, fault))


def consent_view(visit: Visit, screen: Screen, fault: str = "") -> views.ConsentView:
    """Show the consent screen: needed items without a box, optional ones unticked (consent.md rule 1)."""
    return views.ConsentView(
        **_asking(visit, screen, fault),
        needed=_items(screen, screen.put.asked, Necessity.NEEDED),
        optional=_items(screen, screen.put.asked, Necessity.OPTIONAL),
    )


def amend_view(visit: Visit, screen: Screen, seen: Grant, fault: str = "") -> views.ConsentAmendView:
    """Show only what is new, changed and the same (consent.md rule 8)."""
    put = screen.put
    optional = _items(screen, put.asked, Necessity.OPTIONAL)
    partner, offer = screen.partner.partner, screen.offer.offer
    is_answered = seen.terms_version >= screen.offer.material_version
    return views.ConsentAmendView(
        **_asking(visit, screen, fault),
        agreed_at=seen.valid_from,
        effective_at=screen.notice.effective_from if _changes(screen) else None,
        is_held=not is_answered,
        new_needed=_items(screen, put.asked, Necessity.NEEDED),
        new_optional=tuple(each for each in optional if each.left_out_at is None),
        left_out=tuple(each for each in optional if each.left_out_at is not None),
        changed=tuple(
            views.ChangedTerm(
                label=_change_label(change.key),
                before=change.before or say("none"),
                after=change.after or say("none"),
            )
            for change in screen.changes
            if not _is_whole_item(change)
        ),
        same=tuple(
            views.SameItem(
                label=field_label(item.field),
                value=_shown(screen, item, form),
                so_that=so_that(
                    item.purpose,
                    partner=partner.brand,
                    service=offer.name,
                    child=screen.guardian_decides,
                ),
            )
            for item, form in put.kept
        ),
        gone=tuple(
            _place_label(change.key)
            for change in screen.changes
            if change.after is None and _is_whole_item(change)
        ),
        texts=_both_notices(screen.agreed, screen.notice) if screen.agreed else None,
        can_keep=True,
        only_signs_in=not seen.items,
    )


def _changes(screen: Screen) -> bool:
    """Whether the terms are others than those that were agreed to; a new number alone is no change.

    What the company says of itself stands in the notice and not in the offer: where it is kept, and who gets it.
    """
    agreed = screen.agreed
    if agreed is None:
        return False
    # In the language of the older one, or every line would differ.
    newest = screen.offer.notices.get(agreed.language, screen.notice)
    numbers = {
        notice_line("version", agreed.language, version=each.offer_version) for each in (agreed, newest)
    }
    lines = beside(agreed.text, newest.text)
    is_same = all(each.is_same or {each.old, each.new} <= numbers for each in lines)
    return bool(screen.changes) or not is_same


def _both_notices(old: Notice, new: Notice) -> views.BothNotices:
    return views.BothNotices(
        lines=tuple(
            views.NoticeLine(old=each.old, new=each.new, same=each.is_same)
            for each in beside(old.text, new.text)
        ),
        old_version=old.offer_version,
        new_version=new.offer_version,
        old_language=old.language,
        new_language=new.language,
        old_url=f"/notices/{old.notice_id}",
        new_url=f"/notices/{new.notice_id}",
    )


TERM_WORDS = {
    "partner_id": later("The partner"),
    "offer_id": later("The service"),
    "name": later("Name of the service"),
    "benefit": later("What it does"),
    "duration_days": later("Suggested number of days"),
    "max_duration_days": later("Most days"),
    "retention_days": later("Days it is kept after you stop"),
    "reads": later("Numbers of reads"),
    "course_ends_on": later("End of the course"),
    "frequency": later("How often"),
    "legal_basis": later("Legal basis"),
    "forms": later("how it can be shared"),
    "necessity": later("needed or optional"),
    "why": later("their reason"),
}
"""Labels for what can differ between two versions of an offer; members of an item are in lower case."""


def _change_label(key: str) -> str:
    """Name a changed term: ``retention_days`` or ``item[email, results_delivery].forms``."""
    place, _, term = key.rpartition(".")
    words = say(TERM_WORDS[term])
    return f"{_place_label(place)}: {words}" if place else words


def _is_whole_item(change: OfferDifference) -> bool:
    """Tell whether an item was added or removed, rather than changed."""
    return change.key.endswith("]")


def _place_label(place: str) -> str:
    """Name the field of ``item[email, results_delivery]``."""
    return field_label(place.removeprefix("item[").partition(",")[0])


def _items(screen: Screen, items: Iterable[OfferItem], necessity: Necessity) -> tuple[views.ConsentItem, ...]:
    return tuple(_item(screen, item) for item in items if item.necessity is necessity)


def _asking(visit: Visit, screen: Screen, fault: str) -> dict[str, Any]:
    """Give what every consent screen says."""
    ticket = seal_authorization(visit.services, screen.authorization)
    offer, partner = screen.offer.offer, screen.partner.partner
    signed_in_as = masked("email", screen.email)
    return {
        "chrome": visit.chrome(
            email=signed_in_as, back=f"/authorize/continue?{urlencode({'ticket': ticket})}"
        ),
        "action": "/consent",
        "partner": partner_view(screen.partner),
        "checked_at": screen.offer.notices["en"].effective_from,
        "offer": offer.name,
        "benefit": views.Spoken(text=offer.benefit),
        "signed_in_as": signed_in_as,
        "not_you_url": f"/login?{urlencode({'ticket': ticket})}",
        "never_shared": _never_shared(screen),
        **_durations(screen, visit.services.clock(), fault),
        "terms": views.ScreenTerms(
            kept_seconds=offer.retention_days * DAY,
            countries=country_names(partner.storage_countries),
            notice_url=f"/notices/{screen.notice.notice_id}",
            notice_version=screen.notice.offer_version,
            frequency=offer.frequency,
        ),
        "guardian_decides": screen.guardian_decides,
        "replaced_at": screen.replaced.valid_from if screen.replaced else None,
        "hidden": (("ticket", screen.ticket),),
    }


def _item(screen: Screen, item: OfferItem) -> views.ConsentItem:
    key, offer, chosen = item_key(item), screen.offer.offer, screen.choices
    partner = screen.partner.partner
    form_chosen = chosen.forms.get(key) if chosen else None
    spoken = language() if language() in item.why else "en"
    why = item.why.get(spoken, "")
    return views.ConsentItem(
        key=key,
        label=field_label(item.field),
        so_that=so_that(
            item.purpose,
            partner=partner.brand,
            service=offer.name,
            child=screen.guardian_decides,
        ),
        why=views.Spoken(text=why, language=spoken) if why else None,
        forms=tuple(
            views.FormChoice(
                form=str(form),
                label=form_words(item.field, form),
                value=_shown(screen, item, form),
                chosen=str(form) == (form_chosen or item.forms[0]),
            )
            for form in item.forms
        ),
        ticked=chosen is not None and key in chosen.ticked,
        can_reveal=any(_shown(screen, item, form) != screen.values[key, str(form)] for form in item.forms),
        kept_seconds=item.retention_days * DAY if item.retention_days != offer.retention_days else None,
        missing=missing_of(item.field)
        if all(_shown(screen, item, form) is None for form in item.forms)
        else "",
        left_out_at=screen.seen.left_out_at(item.field, item.purpose) if screen.seen else None,
        guarded=screen.guardian_decides,
    )


def missing_of(field: str) -> Literal["own", "school"]:
    """Tell who can fill in what the profile lacks."""
    return "own" if FIELDS[field].editable else "school"


def form_words(field: str, form: Form) -> str:
    """Name a form; a field that has only one form needs no name for it."""
    return form_label(field, form) if len(FIELDS[field].forms) > 1 else ""


def country_names(codes: Iterable[str]) -> tuple[str, ...]:
    """Name countries in the reader's language (CLDR)."""
    return tuple(country_name(code) for code in codes)


def _shown(screen: Screen, item: OfferItem, form: Form) -> str | None:
    """Show the real value; what is sensitive stays masked unless the password was given recently (rule 2)."""
    value = screen.values[item_key(item), str(form)]
    is_plain = FIELDS[item.field].sensitivity is Sensitivity.ORDINARY or screen.is_fresh
    return value if value is None or is_plain else masked(item.field, value)


def _never_shared(screen: Screen) -> tuple[str, ...]:
    offered = {item.field for item in screen.offer.offer.items}
    return (*(field_label(name).lower() for name in CONTACT_FIELDS if name not in offered), say("password"))


def _durations(screen: Screen, now: int, fault: str) -> dict[str, Any]:
    """Offer the answers to "for how long" and the choice of a day; say what is wrong with an answer."""
    offer = screen.offer.offer
    kept = screen.choices.duration if screen.choices else ""
    chosen = kept or default_term(offer, now).value
    first, last = own_days(offer, now)
    listed = terms(offer, now)
    named = chosen.removeprefix(OWN_DAY) if chosen.startswith(OWN_DAY) else None
    return {
        "durations": tuple(
            views.Duration(
                value=each.value,
                label=term_words(each),
                until=None if each.kind == "once" else each.until,
                chosen=each.value == chosen,
            )
            for each in listed
        ),
        "own_day": views.OwnDay(first=str(first), last=str(last), day=named or "", chosen=named is not None),
        "errors": (
            *((views.FieldError(field="", message=say(fault)),) if fault else ()),
            *(() if named is None else _day_errors(offer, chosen, now)),
        ),
    }


def _day_errors(offer: Offer, answer: str, now: int) -> tuple[views.FieldError, ...]:
    """Say which days can be named, if this one cannot."""
    try:
        read_term(offer, answer, now)
    except Refusal:
        first, last = map(date_words, own_days(offer, now))
        message = say(later("Choose a day from %(first)s to %(last)s."), first=first, last=last)
        return (views.FieldError(field="duration", message=message),)
    return ()


def term_words(term: Term) -> str:
    """Say an answer to "for how long"."""
    if term.kind == "once":
        return say(later("once"))
    if term.kind == "reads":
        return translate_plural("%(num)s time", "%(num)s times", term.count) % {"num": term.count}
    return say(later("until the course ends")) if term.kind == "course" else duration(term.count)


def blocked_view(visit: Visit, blocked: Blocked) -> views.ConsentBlockedView:
    """Say why the person cannot decide now, and show the way back."""
    return views.ConsentBlockedView(
        chrome=visit.chrome(back=f"/authorize/continue?{urlencode({'ticket': blocked.ticket})}"),
        kind=blocked.lock.kind,
        partner=blocked.partner.partner.brand,
        offer=blocked.offer.offer.name,
        state=blocked.lock.state,
        asked_at=blocked.lock.asked_at,
        is_alone=blocked.lock.is_alone,
        security_url="/security" if blocked.lock.kind == "strength" else "",
        is_named=blocked.lock.is_named,
        ask_action="/consent/ask-school" if _can_ask_school(blocked) else "",
        hidden=(("ticket", blocked.ticket),),
        leave_url=blocked.leave.uri,
        leave_fields=blocked.leave.fields,
    )


def _can_ask_school(blocked: Blocked) -> bool:
    return blocked.lock.kind == "school" and blocked.lock.state == "open"
