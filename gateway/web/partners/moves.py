"""Every move of a partner: approval, brake, rejection, end, a client's new secret and its retirement."""

from starlette.responses import Response

from gateway.actions.partners.client_retirement import retire_client
from gateway.actions.partners.client_secrets import new_client_secret
from gateway.actions.partners.ends import call_off_end, end_partner
from gateway.actions.partners.go_live import UnpublishableError, approve_partner
from gateway.actions.partners.moves import PartnerMove, move_partner
from gateway.actions.partners.rejections import reject_manifest
from gateway.actions.partners.review import ReadTexts, UnreadTextsError, own_clients
from gateway.actions.two_people import administrator_of
from gateway.kit.errors import Refusal
from gateway.model.administration.acts import AdminAct
from gateway.web.pages import views
from gateway.web.pages.admin_acts import ActRoute
from gateway.web.pages.administrating import path_id, read_reason
from gateway.web.pages.formats import later, say
from gateway.web.pages.sections import SECTIONS
from gateway.web.pages.visit import PageHandler, Visit, see_other
from gateway.web.partners.choices import MOVE_ACTS, STOP_REASONS
from gateway.web.partners.overview import partner_page
from gateway.web.partners.views import text_name
from gateway.web.server.bodies import PostedForm

_ONE = f"{SECTIONS['partners'].url}/{{partner_id}}"
_CLIENT = f"{_ONE}/clients/{{client_id}}"


def mover(kind: PartnerMove) -> PageHandler:
    """Make the page that moves a partner."""

    async def answer(visit: Visit) -> Response:
        return await _move(visit, kind)

    return answer


async def _move(visit: Visit, kind: PartnerMove) -> Response:
    actor = visit.signed_in.person
    form = await visit.form()
    partner_id = path_id(visit, "partner_id")
    here = f"/admin/partners/{partner_id}"
    reason = read_reason(form, STOP_REASONS)
    if kind is PartnerMove.PAUSE and reason is None:
        errors = (views.FieldError(field="", message=say("Choose a reason.")),)
        return await partner_page(visit, partner_id, errors, status=400)
    await move_partner(visit.services, actor.person_id, partner_id, kind, reason)
    return see_other(f"{here}?done=moved")


async def approve(visit: Visit) -> Response:
    """Approve the manifest that was looked at."""
    actor = visit.signed_in.person
    form = await visit.form()
    partner_id = path_id(visit, "partner_id")
    here = f"/admin/partners/{partner_id}"
    who, read = administrator_of(actor), ReadTexts(form.one("texts"), frozenset(form.all("text")))
    try:
        await approve_partner(visit.services, who, partner_id, _manifest_of(form), read=read)
    except UnreadTextsError as error:
        return await partner_page(visit, partner_id, _unread(error), read=read, status=422)
    except UnpublishableError as error:
        errors = tuple(views.FieldError(field="", message=each) for each in error.obstacles)
        return await partner_page(visit, partner_id, errors, status=409)
    return see_other(f"{here}?done=moved")


def _unread(error: UnreadTextsError) -> tuple[views.FieldError, ...]:
    """Say which box has to be ticked."""
    boxes = [
        views.FieldError(
            field=text_name(each.key),
            message=say(later("Read this text, and tick that you have: %(key)s"), key=each.key),
        )
        for each in error.unread
    ]
    if error.is_whole:
        message = say(later("Read every text that people will read, and tick that you have."))
        boxes.append(views.FieldError(field="texts", message=message))
    return tuple(boxes)


def _manifest_of(form: PostedForm) -> int:
    seen = form.one("manifest")
    if not (seen.isascii() and seen.isdigit() and len(seen) < 10):
        raise Refusal("bad_form", detail="no manifest's number")
    return int(seen)


async def reject(visit: Visit) -> Response:
    """Reject the manifest that was looked at; what is live stays, so it takes no password."""
    actor = visit.signed_in.person
    form = await visit.form()
    partner_id = path_id(visit, "partner_id")
    await reject_manifest(visit.services, actor.person_id, partner_id, _manifest_of(form), form.one("why"))
    return see_other(f"/admin/partners/{partner_id}?done=moved")


async def end(visit: Visit) -> Response:
    """End a partner for good, or ask for the second person; a ticked box says that one knows what it does."""
    form = await visit.form()
    partner_id = path_id(visit, "partner_id")
    reason = read_reason(form, STOP_REASONS)
    if reason is None or form.one("known") != "yes":
        words = say("Choose a reason.") if reason is None else say("Tick that you know what ends.")
        return await partner_page(visit, partner_id, (views.FieldError(field="", message=words),), status=400)
    own = administrator_of(visit.signed_in.person)
    act = await end_partner(visit.services, own, partner_id, reason, form.one("why"))
    return see_other(
        f"/admin/partners/{partner_id}?done=ending"
        if act is None
        else f"/admin/waiting/{act.act_id}?done=asked-second"
    )


async def call_off(visit: Visit) -> Response:
    """Call an announced end off."""
    await visit.form()
    partner_id = path_id(visit, "partner_id")
    await call_off_end(visit.services, visit.signed_in.person.person_id, partner_id)
    return see_other(f"/admin/partners/{partner_id}?done=called-off")


async def new_secret(visit: Visit) -> Response:
    """Give a client a new secret and show it this once."""
    actor = visit.signed_in.person
    await visit.form()
    partner_id, client_id = path_id(visit, "partner_id"), path_id(visit, "client_id")
    if client_id not in {each.client_id for each in own_clients(visit.services.registry, partner_id)}:
        raise Refusal("not_found", detail="not a client of this partner")
    secret = await new_client_secret(visit.services, actor.person_id, client_id)
    return await partner_page(visit, partner_id, secret=views.ShownSecret(client_id=client_id, secret=secret))


async def retire(visit: Visit) -> Response:
    """Retire a client: stopping takes no password."""
    actor = visit.signed_in.person
    form = await visit.form()
    partner_id, client_id = path_id(visit, "partner_id"), path_id(visit, "client_id")
    reason = read_reason(form, STOP_REASONS)
    if reason is None:
        errors = (views.FieldError(field="", message=say("Choose a reason.")),)
        return await partner_page(visit, partner_id, errors, status=400)
    await retire_client(visit.services, actor.person_id, partner_id, client_id, reason)
    return see_other(f"/admin/partners/{partner_id}?done=moved")


ROUTES = (
    ActRoute(f"{_ONE}/approve", AdminAct.APPROVE_MANIFEST, approve, back=_ONE),
    ActRoute(f"{_ONE}/end", AdminAct.END_PARTNER, end, back=_ONE),
    ActRoute(f"{_ONE}/call-off", AdminAct.CALL_OFF_END, call_off, back=_ONE),
    ActRoute(f"{_ONE}/reject", AdminAct.REJECT_MANIFEST, reject, back=_ONE),
    ActRoute(f"{_CLIENT}/secret", AdminAct.NEW_CLIENT_SECRET, new_secret, back=_ONE),
    ActRoute(f"{_CLIENT}/retire", AdminAct.RETIRE_CLIENT, retire, back=_ONE),
    *(ActRoute(f"{_ONE}/{move}", act, mover(move), back=_ONE) for move, act in MOVE_ACTS.items()),
)
