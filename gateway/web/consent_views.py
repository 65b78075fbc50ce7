"""From what the consent story decided to what its pages show."""

from urllib.parse import urlencode

from gateway.actions.authorize import seal_authorization
from gateway.actions.consent import Blocked, Screen
from gateway.consent.choices import DAY, durations, item_key
from gateway.model.registry import RegisteredPartner
from gateway.web import views
from gateway.web.visit import Visit
from partners import OfferItem
from scopes import FIELDS, Form, Necessity, Sensitivity, duration, field_label, form_label, masked, so_that


def partner_view(partner: RegisteredPartner) -> views.Partner:
    """Show a partner as the registry knows it."""
    found = partner.partner
    return views.Partner(
        brand=found.brand,
        legal_name=found.legal_name,
        address=f"{found.address}, {found.country}",
        contact=found.contact,
        grievance_contact=found.grievance_contact,
        policy_url=found.policy_url,
        checked_at=partner.checked_at,
    )


def consent_view(visit: Visit, screen: Screen) -> views.ConsentView:
    """Show the consent screen: needed items without a box, optional ones unticked (consent.md rule 1)."""
    ticket = seal_authorization(visit.services, screen.authorization)
    items = {
        necessity: tuple(_item(screen, item) for item in screen.items if item.necessity is necessity)
        for necessity in Necessity
    }
    offer, partner = screen.offer.offer, screen.partner.partner
    signed_in_as = masked("email", screen.email)
    return views.ConsentView(
        chrome=visit.chrome(email=signed_in_as),
        action="/consent",
        partner=partner_view(screen.partner),
        offer=offer.name,
        benefit=views.Spoken(text=offer.benefit),
        signed_in_as=signed_in_as,
        not_you_url=f"/login?{urlencode({'ticket': ticket})}",
        never_shared=_never_shared(screen),
        durations=_durations(screen, visit.services.clock()),
        terms=views.Terms(
            kept_seconds=offer.retention_days * DAY,
            countries=partner.storage_countries,
            notice_url=f"/notices/{screen.notice.notice_id}",
            notice_version=screen.notice.offer_version,
            frequency=offer.frequency,
        ),
        hidden=(("ticket", screen.ticket),),
        needed=items[Necessity.NEEDED],
        optional=items[Necessity.OPTIONAL],
    )


def _item(screen: Screen, item: OfferItem) -> views.ConsentItem:
    key, offer = item_key(item), screen.offer.offer
    partner = screen.partner.partner
    why = item.why.get("en", "")
    return views.ConsentItem(
        key=key,
        label=field_label(item.field),
        so_that=so_that(item.purpose, partner=partner.brand, service=offer.name),
        why=views.Spoken(text=why, language="en") if why else None,
        forms=tuple(
            views.FormChoice(
                form=str(form),
                label=form_label(item.field, form),
                value=_shown(screen, item, form),
                chosen=position == 0,
            )
            for position, form in enumerate(item.forms)
        ),
        kept_seconds=item.retention_days * DAY if item.retention_days != offer.retention_days else None,
        missing_url="/profile" if all(_shown(screen, item, form) is None for form in item.forms) else "",
    )


def _shown(screen: Screen, item: OfferItem, form: Form) -> str | None:
    """Show the real value; what is sensitive stays masked unless the password was given recently (rule 2)."""
    value = screen.values[item_key(item), str(form)]
    is_plain = FIELDS[item.field].sensitivity is Sensitivity.ORDINARY or screen.is_fresh
    return value if value is None or is_plain else masked(item.field, value)


def _never_shared(screen: Screen) -> tuple[str, ...]:
    offered = {item.field for item in screen.offer.offer.items}
    listed = ("email", "phone_number", "address", "alternate_email")
    return (*(field_label(name).lower() for name in listed if name not in offered), "password")


def _durations(screen: Screen, now: int) -> tuple[views.Duration, ...]:
    offer = screen.offer.offer
    return tuple(
        views.Duration(value=str(days), label=duration(days), until=now + days * DAY, chosen=position == 0)
        for position, days in enumerate(durations(offer))
    )


def blocked_view(visit: Visit, blocked: Blocked) -> views.ConsentBlockedView:
    """Say why the person cannot decide now, and show the way back."""
    return views.ConsentBlockedView(
        chrome=visit.chrome(),
        kind="school" if blocked.kind == "school" else "guardian",
        partner=blocked.partner.partner.brand,
        offer=blocked.offer.offer.name,
        leave_url=blocked.leave_uri,
    )
