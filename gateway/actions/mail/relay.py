"""Private addresses: mail for one reaches its person exactly as long as the consent that gave it stands."""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from gateway.actions.authentication.sessions import find_email
from gateway.actions.letters import post
from gateway.actions.services import Services
from gateway.actions.throttles import throttled
from gateway.consent.locks import why_locked
from gateway.kit.logs import log
from gateway.kit.secrets.digests import digest, keyed_digest
from gateway.model.grants import Grant
from gateway.model.people import PersonState
from gateway.store.mail.relay import NewRelay, Relay, count_letters, load_relays
from gateway.store.throttles import Take
from scopes import Form

RELAYED = "relayed"
LETTERS = 30
"""Letters that one address takes at once; one more each `REFILL` seconds."""
REFILL = 600
MOST_HOPS = 25
"""Servers that a letter may have passed: more is a loop (RFC 5321 §6.3)."""
MARK = "X-Consent-Gateway-Relay"
_RECEIVED = re.compile(rb"^received:", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SmtpReply:
    """What an SMTP client is told (RFC 5321 §4.2, RFC 3463)."""

    code: int
    text: str

    @property
    def is_yes(self) -> bool:
        """Whether the client was told yes."""
        return self.code < 300

    def __str__(self) -> str:
        """Write the line."""
        return f"{self.code} {self.text}"


TAKEN = SmtpReply(250, "2.0.0 Taken; it will be handed on")
KNOWN = SmtpReply(250, "2.1.5 Go on")
NOBODY = SmtpReply(550, "5.1.1 This address takes no mail")
"""One answer for an address that never was and one that was switched off."""
FOREIGN = SmtpReply(550, "5.7.1 Not from this sender's domain")
BUSY = SmtpReply(452, "4.7.1 Too many letters for this address; try later")
LOOP = SmtpReply(554, "5.4.6 This letter goes round in circles")


def new_relay(services: Services, grant: Grant, now: int) -> NewRelay | None:
    """Plan to know the private address that a grant holds; None where it holds none."""
    if not any(each.item.form is Form.RELAY for each in grant.items):
        return None
    name = services.seal.private_name(grant.partner_id, grant.person_id)
    return NewRelay(digest(name), grant.person_id, grant.partner_id, now)


async def may_come(services: Services, sender: str, address: str) -> SmtpReply:
    """Answer whether a letter of this sender may come for this address, at this second."""
    relay = await _find(services, address)
    if relay is None or not _is_open(services, relay):
        return NOBODY
    domains = services.registry.partners[relay.partner_id].partner.sending_domains
    return KNOWN if not domains or _is_of(sender, domains) else FOREIGN


async def take_letter(services: Services, sender: str, address: str, mail: bytes) -> SmtpReply:
    """Take a letter; a yes means that it is stored durably."""
    if _goes_round(mail):
        return LOOP
    answer = await may_come(services, sender, address)
    if not answer.is_yes:
        return answer
    bucket = keyed_digest(services.seal.ring.index, "relay", address.lower())
    if await throttled(services, [Take(bucket, LETTERS, REFILL, services.clock(), what="relay")]):
        return BUSY
    traced = _trace(services, address) + mail
    await post(services, RELAYED, {"for": address, "mail": b64encode(traced).decode()})
    return TAKEN


async def hand_on(services: Services, content: dict[str, str]) -> None:
    """Hand a letter on to the person's present address, unless the consent has ended since it was taken."""
    relay = await _find(services, content["for"])
    if relay is None or not _is_open(services, relay):
        log().info("relayed_letter_dropped")
        return
    to = await find_email(services, relay.person.person_id)
    await services.mailer.forward(to, b64decode(content["mail"]))
    await services.store.run(count_letters, (digest(_name(content["for"])), services.clock()))


async def _find(services: Services, address: str) -> Relay | None:
    domain = address.rpartition("@")[2].lower()
    if not domain or domain != services.settings.relay_domain:
        return None
    return await services.store.read(load_relays, digest(_name(address)))


def _name(address: str) -> str:
    return address.rpartition("@")[0].lower()


def _is_open(services: Services, relay: Relay) -> bool:
    """Whether the partner may reach the person this way, by the same locks that a release is held against."""
    if not relay.partner_is_live or relay.person.state is not PersonState.ACTIVE:
        return False
    return any(
        grant.is_live(services.clock())
        and any(each.item.form is Form.RELAY for each in grant.items)
        and why_locked(grant, relay.person, relay.approvals.get(grant.grant_id, ()), services.registry)
        is None
        for grant in relay.grants
    )


def _is_of(sender: str, domains: Iterable[str]) -> bool:
    domain = sender.rpartition("@")[2].lower()
    return any(domain == each or domain.endswith(f".{each}") for each in domains)


def _goes_round(mail: bytes) -> bool:
    head = re.split(rb"\r?\n\r?\n", mail, maxsplit=1)[0]
    is_own = re.search(rb"^" + MARK.encode() + rb":", head, re.IGNORECASE | re.MULTILINE)
    return is_own is not None or len(_RECEIVED.findall(head)) > MOST_HOPS


def _trace(services: Services, address: str) -> bytes:
    """Write the header that says that the letter passed here (RFC 5321 §4.4); on top, it breaks no signature."""
    domain, now = services.settings.relay_domain, datetime.fromtimestamp(services.clock(), UTC)
    lines = (
        f"Received: by {domain} with ESMTP for <{address}>; {format_datetime(now)}",
        f"{MARK}: {domain}",
        "",
    )
    return "\r\n".join(lines).encode()
