"""Taking a manifest live: two administrators in production, by the engine of everything that takes two."""

from collections.abc import Sequence
from hashlib import sha256

from gateway.actions import waiting
from gateway.actions.partners.overview import APPROVABLE, review_of, wishes_about
from gateway.actions.partners.publication import plan_publication
from gateway.actions.partners.records import get_record, partner_action
from gateway.actions.partners.review import ReadTexts, Review
from gateway.actions.services import Services
from gateway.actions.two_people import ActFact, Execution, TwoPeople
from gateway.actions.waiting import Wish, effect_of
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.kit.words import Words
from gateway.model.administration.waiting import Administrator, WaitingAct, WaitingKind
from gateway.model.grants import ReasonCode
from gateway.model.people import Power
from gateway.store.partners.partners import PartnerRecord, publish_manifests
from gateway.store.waiting import list_waiting
from partners import PartnerState, manifest_content, partner_from_content


class UnpublishableError(Exception):
    """A manifest that cannot go live as it is, with every reason."""

    def __init__(self, obstacles: tuple[str, ...]) -> None:
        """Keep the reasons; the message lists them."""
        super().__init__("\n".join(obstacles))
        self.obstacles = obstacles


async def approve_partner(
    services: Services,
    administrator: Administrator,
    partner_id: str,
    seen: int,
    reason: ReasonCode | None = None,
    *,
    read: ReadTexts,
) -> Review | None:
    """Approve the manifest that waits: partner, clients, and a new version of each offer that changed.

    Where two have to approve, the first one asks for the second, and nothing is live until somebody else agrees.

    Args:
        seen: version of the manifest that was looked at; another one is not published.
        read: what this administrator has read of the texts; their digest goes on record with the yes.

    Returns:
        What went live; None where it waits for somebody else's yes.

    Raises:
        UnpublishableError: the manifest cannot go live as it is.
        UnreadTextsError: a text was not ticked.
        Refusal: ``not_found``; ``not_allowed`` for somebody who is no second person; ``stale_form`` when the partner is
            not to be approved (any more).
    """
    record = await get_record(services, partner_id)
    review = await _review(services, record, seen)
    if review.obstacles:
        raise UnpublishableError(review.obstacles)
    review.check_read(read)
    if services.settings.approvals_needed < 2:
        action = partner_action(
            services,
            administrator.actor_id,
            "approve_partner",
            partner_id,
            reason,
            manifest=seen,
            **review.numbers,
            **review.reading,
        )
        plan = plan_publication(record, review, action, services.ids)
        if not await services.store.run(publish_manifests, plan):
            raise Refusal("stale_form", detail="the partner changed in the meantime")
        return review
    wish = await _wish(services, partner_id)
    if wish is None:
        parts = {"partner": partner_id, "manifest": seen, "sha256": _digest(review), **review.reading}
        if reason is not None:
            parts["reason"] = str(reason)
        await waiting.ask(services, GO_LIVE, administrator, Wish(("partner", partner_id), parts))
        return None
    if wish.asked_by == administrator.actor_id:
        return None
    await waiting.approve(services, GO_LIVE, wish, administrator, wish.content_digest)
    return review


async def _wish(services: Services, partner_id: str) -> WaitingAct | None:
    found = await services.store.read(list_waiting, wishes_about(partner_id))
    is_open = (each for each in found if each.kind is WaitingKind.GO_LIVE)
    return next((each for each in is_open if services.clock() < each.expires_at), None)


async def _review(services: Services, record: PartnerRecord, seen: int) -> Review:
    review = await review_of(services, record)
    is_open = PartnerState(record.state) in APPROVABLE and record.ends_at is None
    if review is None or review.version != seen or not is_open:
        raise Refusal("stale_form", detail=f"manifest {seen} of a partner that is {record.state}")
    return review


def _digest(review: Review) -> str:
    return sha256(manifest_content(review.manifest).encode()).hexdigest()


async def _describe(services: Services, act: WaitingAct) -> Sequence[ActFact]:
    record = await get_record(services, act.target_id)
    partner = partner_from_content(record.content)
    facts: list[ActFact] = [
        (Words("Partner"), f"{partner.brand} ({partner.legal_name})"),
        (Words("Manifest"), str(act.parts["manifest"])),
    ]
    review = await review_of(services, record)
    if review is not None and review.version == act.parts["manifest"]:
        new = [f"{each.offer.name} {each.version}" for each in review.offers if each.is_new]
        facts.append((Words("New versions of services"), ", ".join(new) or Words("none")))
        looked = [f"{each.key}: {each.found}" for each in review.flagged]
        facts.append(
            (Words("Texts with words of marketing or trade in data"), "; ".join(looked) or Words("none"))
        )
    return facts


async def _execute(services: Services, act: WaitingAct, _: Administrator) -> Execution:
    record, parts = await get_record(services, act.target_id), act.parts
    review = await _review(services, record, parts["manifest"])
    # For requests from before texts were ticked, we do not know whether anybody has read them.
    is_read = parts.get("texts") == review.digest
    if review.obstacles or not is_read or _digest(review) != parts["sha256"]:
        raise Refusal("stale_form", detail="what was asked for cannot go live as it is")
    detail = {**review.numbers, **review.reading}
    action = effect_of(services, act, "approve_partner", manifest=parts["manifest"], **detail)
    return Execution(publish_manifests, plan_publication(record, review, action, services.ids))


GO_LIVE = TwoPeople(
    kind=WaitingKind.GO_LIVE,
    ask=Power.REVIEW_PARTNER,
    approve=Power.REVIEW_PARTNER,
    lifetime=7 * DAY,
    title=Words("A partner goes live"),
    describe=_describe,
    execute=_execute,
)
