"""Receipts as pages and files, the keys that verify them, and the stop link."""

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.consent.receipt_letters import SHARED
from gateway.actions.consent.receipts import OwnReceipt, receipt_keys, see_receipt, see_stop, stop_by_link
from gateway.model.grants import LIVE, EventType
from gateway.web.pages import views
from gateway.web.pages.administrating import path_id
from gateway.web.pages.formats import later, say
from gateway.web.pages.step_up import stepped_up_export
from gateway.web.pages.visit import Visit, page_handler, see_other, show, signed_in_page
from gateway.web.pages.wording import EVENT_WORDS, field_label, form_label, offer_name, purpose_label
from gateway.web.server.answers import json_answer
from scopes import Form


async def _own(visit: Visit) -> OwnReceipt:
    return await see_receipt(
        visit.services, visit.signed_in, path_id(visit, "grant_id"), path_id(visit, "event_id")
    )


async def receipt_page(visit: Visit) -> Response:
    """Show a receipt to read and to print."""
    found = await _own(visit)
    content, here = found.content, visit.request.url.path
    recipient, notice = content["dpv:hasRecipient"], content["dpv:hasNotice"]
    view = views.ReceiptView(
        chrome=visit.chrome("connected"),
        brand=recipient["name"],
        offer=content["dpv:hasService"]["name"],
        what=say(EVENT_WORDS[EventType(content["event"])]),
        at=content["dcterms:issued"],
        until=content["valid_until"] or "",
        items=tuple(
            views.ReceiptItem(
                label=field_label(each["dpv:hasPersonalData"]["field"]),
                form=form_label(
                    each["dpv:hasPersonalData"]["field"], Form(each["dpv:hasPersonalData"]["form"])
                ),
                purpose=purpose_label(each["dpv:hasPurpose"]["code"]),
                retention_days=each["retention_days"],
            )
            for each in content["dpv:hasProcess"]
        ),
        signs_in=content["event"] in SHARED and not content["dpv:hasProcess"],
        facts=(
            views.Fact(label=say(later("Receipt")), value=content["dcterms:identifier"]),
            views.Fact(label=say(later("Consent")), value=content["record"]),
            views.Fact(label=say(later("Company")), value=f"{recipient['name']}, {recipient['address']}"),
            views.Fact(label=say(later("Complaints")), value=recipient["complaints"]),
            views.Fact(
                label=say(later("Notice")),
                value=f"{say('version %(version)s', version=notice['version'])}, SHA-256 {notice['sha256']}",
            ),
            *(
                views.Fact(label=say(later("Reads")), value=str(each["occurrences"]))
                # Receipts from before there were numbers have no member of that name.
                for each in content.get("dpv:hasDuration", ())
                if "occurrences" in each
            ),
            views.Fact(label=say(later("Form of this record")), value=content["dcterms:conformsTo"]),
        ),
        jws=found.receipt.jws,
        json_url=f"{here}/receipt.json",
        jws_url=f"{here}/receipt.jws",
        keys_url="/receipts/jwks.json",
        check_url=f"/connected/{found.receipt.grant_id}/check/{found.receipt.event_id}",
        stop_url=found.stop_path,
        back_url=f"/connected/{found.receipt.grant_id}",
    )
    return show("receipt", view)


async def receipt_json(visit: Visit) -> Response:
    """Give a receipt as JSON-LD."""
    found = await _own(visit)
    return _file(json.dumps(found.content, indent=1, sort_keys=True), "application/ld+json", "receipt.json")


async def receipt_jws(visit: Visit) -> Response:
    """Give a receipt as it was signed."""
    return _file((await _own(visit)).receipt.jws + "\n", "application/jose", "receipt.jws")


def _file(text: str, kind: str, name: str) -> Response:
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, 200, headers, kind)


async def keys(request: Request) -> Response:
    """Publish every key that a receipt may be signed with."""
    return json_answer(receipt_keys(request.app.state.services))


async def stop_page(visit: Visit) -> Response:
    """Show what the link stops; opening it changes nothing, because mail programs open links too."""
    return show("stop_link", await _stop_view(visit))


async def _stop_view(visit: Visit) -> views.StopLinkView:
    detail = await see_stop(visit.services, path_id(visit, "grant_id"), path_id(visit, "proof"))
    grant, registry = detail.line.grant, visit.services.registry
    return views.StopLinkView(
        chrome=visit.chrome(),
        brand=registry.partners[grant.partner_id].partner.brand,
        offer=offer_name(registry.offers[grant.offer_id].offer),
        stop_action=visit.request.url.path if grant.state in LIVE else "",
        can_ask_deletion=registry.partners[grant.partner_id].partner.deletion_uri is not None,
        ended_at=detail.line.ended_at,
    )


async def stop(visit: Visit) -> Response:
    """Stop a grant with one press and without log-in."""
    form = await visit.form(for_strangers=True)
    delete = form.one("delete") == "yes"
    await stop_by_link(visit.services, path_id(visit, "grant_id"), path_id(visit, "proof"), delete=delete)
    return see_other(visit.request.url.path)


_ONE = "/connected/{grant_id}/receipt/{event_id}"
ROUTES = (
    Route(_ONE, signed_in_page(receipt_page), methods=["GET"]),
    Route(f"{_ONE}/receipt.json", signed_in_page(stepped_up_export(receipt_json)), methods=["GET"]),
    Route(f"{_ONE}/receipt.jws", signed_in_page(stepped_up_export(receipt_jws)), methods=["GET"]),
    Route("/receipts/jwks.json", keys, methods=["GET"]),
    Route("/stop/{grant_id}/{proof}", page_handler(stop_page), methods=["GET"]),
    Route("/stop/{grant_id}/{proof}", page_handler(stop), methods=["POST"]),
)
