"""What every action is given; built once, in `gateway.app` or the command line."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from gateway.accounts.passwords import Passwords
from gateway.actions.background_work import BackgroundWork
from gateway.actions.key_cache import KeyCache
from gateway.kit.clock import Clock
from gateway.kit.ids import Ids
from gateway.kit.mail import Mailer
from gateway.kit.outbound import Outbound
from gateway.kit.secrets.sealing import Seal
from gateway.kit.settings import Settings
from gateway.kit.telemetry.metrics import Metrics
from gateway.ledger.own_log import OwnLog
from gateway.model.people import Person
from gateway.model.registry import LogOrigin, RegisteredClient, Registry
from gateway.oauth.decision_context import DecisionMeans
from gateway.oauth.flows.server import Protocol
from gateway.oauth.proofs.certificates import Authorities
from gateway.oauth.signing import current_key
from gateway.store.engine.backend import Store


@dataclass(frozen=True, slots=True)
class Services:
    """Store, clock, ids, keys, settings: nothing is global."""

    store: Store
    clock: Clock
    ids: Ids
    seal: Seal
    settings: Settings
    passwords: Passwords
    mailer: Mailer
    protocol: Protocol
    authorities: Authorities
    outbound: Outbound
    key_cache: KeyCache
    metrics: Metrics
    background_work: BackgroundWork = field(default_factory=BackgroundWork)

    @property
    def registry(self) -> Registry:
        """The snapshot that the latest transaction found to be true."""
        return self.store.registry

    @property
    def own_log(self) -> OwnLog:
        """The hand-off log by its names and keys; before it has begun, by the name that it would begin with."""
        begun = self.registry.log_origins or (LogOrigin(1, self.settings.log_origin, 0, 0),)
        return OwnLog(begun, self.registry.log_keys)

    def terms(self) -> DecisionMeans:
        """What a decision of the protocol is made with."""
        return DecisionMeans(
            now=self.clock(),
            ids=self.ids,
            settings=self.settings,
            subject=self.subject,
            signing_key=lambda alg: current_key(self.seal.ring.signing, self.registry.signing_keys, alg),
            successor=self.seal.successor,
        )

    def relay_address(self, partner_id: str, person_id: str) -> str | None:
        """Make a person's private address for one partner; None where this gateway relays no mail."""
        domain = self.settings.relay_domain
        return f"{self.seal.private_name(partner_id, person_id)}@{domain}" if domain else None

    def zone_of(self, person: Person) -> str:
        """Give the time zone in which a person reads days and times (IANA)."""
        return person.zone or self.settings.timezone

    def subject(self, client: RegisteredClient, person_id: str) -> str:
        """Make the pairwise subject identifier: one per partner and sector (OIDC Core §8.1)."""
        return self.seal.pairwise(f"{client.client.partner_id}|{client.client.sector}", person_id)

    def sid(self, client: RegisteredClient, sid: str | None) -> str | None:
        """Name a session towards a client (Back-Channel Logout §2.1); each client gets another name."""
        return None if sid is None else self.seal.pairwise(f"session|{client.client.client_id}", sid)


def day_of(at: int) -> date:
    """The day of a time, UTC."""
    return datetime.fromtimestamp(at, UTC).date()
