"""What every action is given; built once, in `gateway.app` or the command line."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from gateway.accounts.passwords import Passwords
from gateway.actions.client_keys import KeyCache
from gateway.kit.clock import Clock
from gateway.kit.ids import Ids
from gateway.kit.mail import Mailer
from gateway.kit.outbound import Outbound
from gateway.kit.sealing import Seal
from gateway.kit.settings import Settings
from gateway.model.people import Session
from gateway.model.registry import RegisteredClient, Registry
from gateway.oauth.certificates import Authorities
from gateway.oauth.desk import Terms
from gateway.oauth.server import Protocol
from gateway.oauth.signing import current_key
from gateway.store.engine import Store


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

    @property
    def registry(self) -> Registry:
        """The snapshot that the latest transaction found to be true."""
        return self.store.registry

    def terms(self) -> Terms:
        """What a decision of the protocol is made with."""
        return Terms(
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

    def subject(self, client: RegisteredClient, person_id: str) -> str:
        """Make the pairwise subject identifier: one per partner and sector (OIDC Core §8.1)."""
        return self.seal.pairwise(f"{client.client.partner_id}|{client.client.sector}", person_id)

    def sid(self, client: RegisteredClient, session: Session) -> str | None:
        """Name a session towards a client (Back-Channel Logout §2.1): to each another, or they could compare people."""
        if session.sid is None:
            return None
        return self.seal.pairwise(f"session|{client.client.client_id}", session.sid)


def day_of(at: int) -> date:
    """The day of a time, UTC."""
    return datetime.fromtimestamp(at, UTC).date()
