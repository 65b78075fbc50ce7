"""The Merkle log over HTTP: checkpoint, tiles, proofs (C2SP tlog-tiles), and the page where a person checks an entry.

Hashes are for everybody, entries for those who may read the log, and a person gets the proofs of their own.
"""

import json
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.actions.ledger.comparison import compare_checkpoint
from gateway.actions.ledger.log_state import behind_since
from gateway.actions.ledger.proofs import (
    CheckedEvidence,
    Evidence,
    checked,
    find_any_evidence,
    find_contact_evidence,
    find_own_evidence,
    last_checkpoint,
    log_key_words,
    prove_consistency,
    read_bundle,
    read_tile,
)
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.ledger.merkle import leaf_hash
from gateway.ledger.tiles import TilePath, parse_tile_path
from gateway.model.people import Power
from gateway.web.pages import views
from gateway.web.pages.administrating import path_id
from gateway.web.pages.visit import (
    Handler,
    PageHandler,
    Visit,
    check_address,
    page_handler,
    show,
    signed_in_page,
)
from gateway.web.server.answers import json_answer, note

_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


def open_to_all(answer: PageHandler) -> Handler:
    """Make a handler that needs no session and refuses in one plain line."""

    async def handle(request: Request) -> Response:
        services: Services = request.app.state.services
        try:
            check_address(request)
            return await answer(Visit(request, services, None))
        except Refusal as refusal:
            note(refusal)
            return PlainTextResponse(refusal.description + "\n", refusal.kind.status)

    return handle


async def checkpoint(visit: Visit) -> Response:
    """Serve the newest checkpoint."""
    signed = await last_checkpoint(visit.services)
    return PlainTextResponse(signed.note, headers={"Cache-Control": "no-cache"})


async def keys(visit: Visit) -> Response:
    """Serve the log's verifier keys, one on each line."""
    words = log_key_words(visit.services)
    return PlainTextResponse("".join(f"{each}\n" for each in words), headers={"Cache-Control": "no-cache"})


async def tile(visit: Visit) -> Response:
    """Serve a tile of hashes."""
    content = await read_tile(visit.services, _tile_path(visit, ""))
    return Response(content, 200, _FOREVER, "application/octet-stream")


async def entries(visit: Visit) -> Response:
    """Serve a bundle of entries to those who may read the log."""
    if visit.session is None:
        raise Refusal("not_allowed", detail="not signed in")
    actor = visit.check_power(Power.READ_LOG).person
    content = await read_bundle(visit.services, actor.person_id, _tile_path(visit, "entries/"))
    return Response(content, 200, {"Cache-Control": "no-store"}, "application/octet-stream")


def _tile_path(visit: Visit, prefix: str) -> TilePath:
    found = parse_tile_path(prefix + visit.request.path_params["path"])
    if found is None:
        raise Refusal("not_found", detail="not a tile")
    return found


async def consistency(visit: Visit) -> Response:
    """Serve a consistency proof between two sizes."""
    old, new = (_number(visit, name) for name in ("from", "to"))
    return json_answer(await prove_consistency(visit.services, old, new))


def _number(visit: Visit, name: str) -> int:
    given = visit.request.query_params.get(name, "")
    if not (given.isascii() and given.isdecimal() and len(given) < 19):
        raise Refusal("not_found", detail=f"{name} is not a size")
    return int(given)


async def check(visit: Visit) -> Response:
    """Show a person, step by step, that an entry of theirs stands in the log."""
    grant_id, source_id = path_id(visit, "grant_id"), path_id(visit, "source_id")
    found = await find_own_evidence(visit.services, visit.signed_in, grant_id, source_id)
    here = f"/connected/{grant_id}"
    return _check_page(visit, "connected", here, source_id, found)


def _check_page(
    visit: Visit,
    here: Literal["connected", "contacts", "admin"],
    back_url: str,
    source_id: str,
    found: Evidence | None,
) -> Response:
    view = views.LogCheckView(
        chrome=visit.chrome(here),
        back_url=back_url,
        download_url=f"{back_url}/check/{source_id}/proof.json",
        origin=visit.services.own_log.origin,
        checked=_shown(checked(visit.services, found)) if found else None,
    )
    return show("log_check", view)


def _shown(found: CheckedEvidence) -> views.CheckedEntry:
    evidence, checkpoint = found.evidence, found.checkpoint
    entry = json.loads(evidence.entry)
    return views.CheckedEntry(
        at=entry["at"],
        signed_at=evidence.signed_at,
        index=evidence.index,
        size=checkpoint.size,
        entry=json.dumps(entry, indent=1, sort_keys=True),
        leaf=leaf_hash(evidence.entry).hex(),
        steps=_steps(found.steps),
        root=checkpoint.root.hex(),
        note=evidence.note,
    )


def _steps(steps: tuple[tuple[bytes, bytes, bytes], ...]) -> tuple[views.HashStep, ...]:
    return tuple(
        views.HashStep(left=left.hex(), right=right.hex(), result=result.hex())
        for left, right, result in steps
    )


async def contact_check(visit: Visit) -> Response:
    """Show one of two contacts, step by step, that a decision or a look of theirs stands in the log."""
    contact_id, source_id = path_id(visit, "contact_id"), path_id(visit, "source_id")
    found = await find_contact_evidence(visit.services, visit.signed_in, contact_id, source_id)
    here = f"/contacts/{contact_id}"
    return _check_page(visit, "contacts", here, source_id, found)


async def contact_proof(visit: Visit) -> Response:
    """Give the same evidence as a file."""
    contact_id, source_id = path_id(visit, "contact_id"), path_id(visit, "source_id")
    found = await find_contact_evidence(visit.services, visit.signed_in, contact_id, source_id)
    if found is None:
        raise Refusal("not_found", detail="not signed yet")
    return _as_file(found.as_record(log_key_words(visit.services)), source_id)


async def log_page(visit: Visit) -> Response:
    """Show the newest checkpoint to anybody."""
    try:
        signed = (await last_checkpoint(visit.services)).note
    except Refusal:
        signed = ""
    view = views.LogView(
        chrome=visit.chrome(),
        action="/log",
        note=signed,
        keys=tuple(log_key_words(visit.services)),
        behind_since=await behind_since(visit.services),
    )
    return show("log", view)


async def compare(visit: Visit) -> Response:
    """Compare a checkpoint that somebody kept with the newest one, step by step."""
    form = await visit.form(for_strangers=True)
    kept = form.one("checkpoint")
    found = await compare_checkpoint(visit.services, kept)
    view = views.LogView(
        chrome=visit.chrome(),
        action="/log",
        note=found.note,
        keys=tuple(log_key_words(visit.services)),
        finding=str(found.finding),
        kept=kept,
        kept_size=found.kept.size if found.kept else 0,
        kept_root=found.kept.root.hex() if found.kept else "",
        size=found.newest.size,
        root=found.newest.root.hex(),
        proof=tuple(each.hex() for each in found.proof),
        steps=_steps(found.steps),
    )
    return show("log", view)


async def proof(visit: Visit) -> Response:
    """Give the same evidence as a file, for a verifier that shares nothing with us."""
    grant_id, source_id = path_id(visit, "grant_id"), path_id(visit, "source_id")
    return _as_file(await _own_record(visit, grant_id, source_id), source_id)


async def inclusion(visit: Visit) -> Response:
    """Give an entry's evidence by API: to its own person by ``?grant=…&entry=…``, to an auditor by ``?entry=…``."""
    grant_id, source_id = (visit.request.query_params.get(name, "") for name in ("grant", "entry"))
    if not grant_id:
        return json_answer(await _any_record(visit, source_id))
    return json_answer(await _own_record(visit, grant_id, source_id))


async def _own_record(visit: Visit, grant_id: str, source_id: str) -> dict[str, Any]:
    found = await find_own_evidence(visit.services, visit.signed_in, grant_id, source_id)
    if found is None:
        raise Refusal("not_found", detail="not signed yet")
    return found.as_record(log_key_words(visit.services))


async def _any_record(visit: Visit, source_id: str) -> dict[str, Any]:
    found = await find_any_evidence(
        visit.services, visit.check_power(Power.READ_LOG).person.person_id, source_id
    )
    if found is None:
        raise Refusal("not_found", detail="no such entry, or not signed yet")
    return found.as_record(log_key_words(visit.services))


async def audit(visit: Visit) -> Response:
    """Show an auditor, step by step, that any entry stands in the log; the look is on record."""
    actor, source_id = visit.check_power(Power.READ_LOG).person, path_id(visit, "source_id")
    found = await find_any_evidence(visit.services, actor.person_id, source_id)
    return _check_page(visit, "admin", "/admin/log", source_id, found)


async def audit_proof(visit: Visit) -> Response:
    """Give an auditor the same evidence as a file."""
    source_id = path_id(visit, "source_id")
    return _as_file(await _any_record(visit, source_id), source_id)


def _as_file(record: dict[str, Any], source_id: str) -> Response:
    answer = json_answer(record)
    answer.headers["Content-Disposition"] = f'attachment; filename="{source_id}.proof.json"'
    return answer


ROUTES = (
    Route("/log", page_handler(log_page), methods=["GET"]),
    Route("/log", page_handler(compare), methods=["POST"]),
    Route("/log/checkpoint", open_to_all(checkpoint), methods=["GET"]),
    Route("/log/keys", open_to_all(keys), methods=["GET"]),
    Route("/log/tile/entries/{path:path}", page_handler(entries), methods=["GET"]),
    Route("/log/tile/{path:path}", open_to_all(tile), methods=["GET"]),
    Route("/log/proof/consistency", open_to_all(consistency), methods=["GET"]),
    Route("/log/proof/inclusion", signed_in_page(inclusion), methods=["GET"]),
    Route("/admin/log/check/{source_id}", signed_in_page(audit), methods=["GET"]),
    Route("/admin/log/check/{source_id}/proof.json", signed_in_page(audit_proof), methods=["GET"]),
    Route("/connected/{grant_id}/check/{source_id}", signed_in_page(check), methods=["GET"]),
    Route("/connected/{grant_id}/check/{source_id}/proof.json", signed_in_page(proof), methods=["GET"]),
    Route("/contacts/{contact_id}/check/{source_id}", signed_in_page(contact_check), methods=["GET"]),
    Route(
        "/contacts/{contact_id}/check/{source_id}/proof.json", signed_in_page(contact_proof), methods=["GET"]
    ),
)
