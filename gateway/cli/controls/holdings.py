"""Controls of the database's contents: whether the key ring opens them, and whether letters leave."""

from gateway.actions.operation.seals import Sealed, look_at_seals
from gateway.cli.controls.control import Finding, Sight
from gateway.kit.clock import DAY
from gateway.kit.secrets.key_ring import RESTORE
from gateway.kit.secrets.sealing import SealBroken
from gateway.oauth.signing import ALGORITHMS, NoSigningKey, current_key
from gateway.store.accounts.profile_edits import count_person_keys
from gateway.store.mail.outbox import look_at_outbox
from scopes import Form

OLD_LETTER = 3600
WEEK = 7 * DAY


def signing_keys(sight: Sight) -> Finding:
    """Open the key of each algorithm."""
    services, missing, broken, kids = sight.opened, [], [], []
    for alg in ALGORITHMS:
        try:
            key = current_key(services.seal.ring.signing, services.registry.signing_keys, alg)
            kids.append(str(key.kid))
        except NoSigningKey:
            missing.append(f"there is none for {alg}")
        except SealBroken:
            broken.append(f"the key ring does not open the one for {alg}")
    return Finding(
        not missing and not broken,
        ", ".join([*missing, *broken] or kids),
        RESTORE if broken else "Run 'consent-gateway keys rotate --signing'.",
    )


def private_addresses(sight: Sight) -> Finding:
    """Check whether private addresses, where they are offered, can be made."""
    domain = sight.settings.relay_domain
    offering = sorted(
        each.offer.offer_id
        for each in sight.opened.registry.offers.values()
        if any(Form.RELAY in item.forms for item in each.offer.items)
    )
    return Finding(
        bool(domain) or not offering,
        f"at {domain}" if domain else f"none; offered by {', '.join(offering) or 'nobody'}",
        "Set CONSENT_GATEWAY_RELAY_DOMAIN and run 'consent-gateway relay'.",
    )


async def master_keys(sight: Sight) -> Finding:
    """Check whether the ring has every master key under which something is wrapped."""
    counts = await sight.opened.store.read(count_person_keys, None)
    foreign = sorted(set(counts) - set(sight.opened.seal.ring.masters))
    return Finding(
        not foreign,
        f"the ring lacks {', '.join(foreign)}" if foreign else "the ring has every key that is in use",
        RESTORE,
    )


async def person_keys(sight: Sight) -> Finding:
    """Unwrap people's keys."""
    return await _seal(sight, Sealed.PERSON_KEYS)


async def login_index(sight: Sight) -> Finding:
    """Compute the index of an account's log-in again."""
    return await _seal(sight, Sealed.LOGINS)


async def letters(sight: Sight) -> Finding:
    """Open a letter that waits."""
    return await _seal(sight, Sealed.LETTERS)


async def log_key(sight: Sight) -> Finding:
    """Open the key that signs checkpoints."""
    return await _seal(sight, Sealed.LOG_KEY)


async def _seal(sight: Sight, what: Sealed) -> Finding:
    [opens] = [found.opens for found in await look_at_seals(sight.opened) if found.what is what]
    words = {True: "opens", False: "the key ring does not open it", None: "there is nothing to open yet"}
    return Finding(opens is not False, words[opens], RESTORE)


async def outbox(sight: Sight) -> Finding:
    """Check whether letters leave."""
    found = await sight.opened.store.read(look_at_outbox, sight.now - WEEK)
    age = 0 if found.oldest_at is None else sight.now - found.oldest_at
    return Finding(
        age <= OLD_LETTER and not found.given_up,
        f"{found.waiting} wait, the oldest for {age} s; {found.given_up} given up this week",
        "Look at the mail server, and in the log for 'letter_waits' and 'letter_given_up'.",
    )
