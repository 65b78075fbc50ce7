"""An offer and a grant for tests of decisions."""

import itertools
from pathlib import Path

from gateway.consent.decisions import Actor, Basis
from gateway.kit.ids import Ids, Kind
from gateway.model.grants import ActorKind, Grant, GrantedItem, GrantState
from partners import Manifest, parse_manifest
from scopes import Form, Item

ROOT = Path(__file__).parents[3]
MANIFEST: Manifest = parse_manifest(
    (ROOT / "deploy" / "partners.d" / "quizco.toml").read_text(),
    file="quizco.toml",
    files={},
    allow_loopback=True,
)
OFFER = MANIFEST.offers[0]
NOW = 1_795_000_000
PERSON = Actor(ActorKind.SUBJECT, "per_1", "consent_screen", NOW - 5, "pwd")
SUPPORT = Actor(ActorKind.ADMIN, "per_9", "admin_page", NOW - 5, "pwd")
BASIS = Basis("quizco", OFFER.offer_id, 3, "not_3", "srv_1", "en")
NAME = GrantedItem(Item("name", "learning_progress", Form.FULL), True, 30)
EMAIL = GrantedItem(Item("email", "results_delivery", Form.MASKED), False, 30)
PHONE = GrantedItem(Item("phone_number", "appointment_reminders", Form.FULL), False, 7)


def counting_ids() -> Ids:
    """Make ids that count."""
    numbers = itertools.count(1)

    def make(kind: Kind) -> str:
        return f"{kind}{next(numbers)}"

    return make


def grant(*items: GrantedItem, state: GrantState = GrantState.ACTIVE) -> Grant:
    """Make a grant given under the offer's second version."""
    return Grant(
        "gra_1", "per_1", "quizco", OFFER.offer_id, 2, "not_2", state, 4, "evt_4", NOW - 100, NOW + 100, items
    )
