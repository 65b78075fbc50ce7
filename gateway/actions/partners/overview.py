"""Partners as an administrator sees them: the list, and one with what waits and what was done."""

from dataclasses import dataclass, field

from gateway.actions.partners.deletions import see_late_deletions
from gateway.actions.partners.moves import PartnerMove, can_move
from gateway.actions.partners.records import get_record
from gateway.actions.partners.review import Review, own_offers, review_manifest
from gateway.actions.services import Services
from gateway.model.administration.waiting import WaitingAct, WaitingKind
from gateway.model.counts import Count
from gateway.model.deletions import Deletion
from gateway.store.admin_actions import AdminAction, load_actions
from gateway.store.consent.grants import count_all_live, count_live
from gateway.store.partners.ends import count_people
from gateway.store.partners.partners import PartnerRecord, load_partners, newest_offer_versions
from gateway.store.waiting import WaitingQuery, list_waiting
from partners import Partner, PartnerState, manifest_from_content, partner_from_content

APPROVABLE = frozenset({PartnerState.REVIEW, PartnerState.LIVE})


@dataclass(frozen=True, slots=True)
class ListedPartner:
    """A partner in the list."""

    record: PartnerRecord
    partner: Partner
    offer_count: int
    live_grants: Count


async def list_partners(services: Services) -> list[ListedPartner]:
    """List every partner, those that wait for a review first."""
    records = await services.store.read(load_partners, None)
    live_grants = await services.store.read(count_all_live, None)
    listed = [
        ListedPartner(
            record=record,
            partner=partner_from_content(record.content),
            offer_count=len(own_offers(services.registry, record.partner_id)),
            live_grants=live_grants.get(record.partner_id, Count()),
        )
        for record in records
    ]
    return sorted(listed, key=lambda each: (not is_waiting(each.record), each.partner.brand.casefold()))


def is_waiting(record: PartnerRecord) -> bool:
    """Whether somebody should look at it: it is in review, or live with a newer manifest."""
    state = PartnerState(record.state)
    return state is PartnerState.REVIEW or (
        state is PartnerState.LIVE and record.pending_manifest is not None
    )


@dataclass(frozen=True, slots=True)
class SeenPartner:
    """A partner with what it handed in.

    Attributes:
        partner: as it is live, or as it introduced itself.
        review: the manifest that waits, if one does.
        moves: what its state allows.
        actions: administrators' acts, oldest first.
        late_deletions: what it was asked to delete and is late with.
        wishes: what waits for a second person: going live, or ending.
        people: how many have live consents.
    """

    record: PartnerRecord
    partner: Partner
    review: Review | None
    live_grants: Count
    moves: tuple[PartnerMove, ...]
    actions: tuple[AdminAction, ...]
    late_deletions: tuple[Deletion, ...] = ()
    wishes: tuple[WaitingAct, ...] = ()
    people: Count = field(default_factory=Count)

    @property
    def state(self) -> PartnerState:
        """Where it stands."""
        return PartnerState(self.record.state)

    @property
    def is_approvable(self) -> bool:
        """Whether its manifest could go live now."""
        is_open = self.state in APPROVABLE and self.record.ends_at is None
        return self.review is not None and is_open and not self.review.obstacles

    def wish(self, kind: WaitingKind) -> WaitingAct | None:
        """Give what waits for a second person, of one kind."""
        return next((act for act in self.wishes if act.kind is kind), None)

    @property
    def can_end(self) -> bool:
        """Whether it can be ended for good, and that is not announced already."""
        return self.state is not PartnerState.ENDED and self.record.ends_at is None


async def see_partner(services: Services, partner_id: str) -> SeenPartner:
    """Show one partner.

    Raises:
        Refusal: ``not_found``.
    """
    record = await get_record(services, partner_id)
    live_grants = await services.store.read(count_live, partner_id)
    actions = await services.store.read(load_actions, ("partner", partner_id))
    return SeenPartner(
        record=record,
        partner=partner_from_content(record.content),
        review=await review_of(services, record),
        live_grants=live_grants,
        moves=tuple(move for move in PartnerMove if can_move(record, move)),
        actions=tuple(actions),
        late_deletions=tuple(await see_late_deletions(services, partner_id)),
        wishes=tuple(await services.store.read(list_waiting, wishes_about(partner_id))),
        people=await services.store.read(count_people, partner_id),
    )


def wishes_about(partner_id: str) -> WaitingQuery:
    """Ask for what waits about a partner."""
    kinds = (WaitingKind.GO_LIVE, WaitingKind.END_PARTNER, WaitingKind.ALLOW_NEITHER)
    return WaitingQuery(tuple(map(str, kinds)), target=("partner", partner_id))


async def review_of(services: Services, record: PartnerRecord) -> Review | None:
    """Review the manifest that waits; None where none does."""
    if record.pending_manifest is None:
        return None
    content = next(each.content for each in record.manifests if each.version == record.pending_manifest)
    manifest = manifest_from_content(content)
    newest = {
        offer.offer_id: await services.store.read(newest_offer_versions, offer.offer_id)
        for offer in manifest.offers
    }
    return review_manifest(
        record.pending_manifest,
        manifest,
        services.registry,
        newest,
        has_relay=bool(services.settings.relay_domain),
    )
