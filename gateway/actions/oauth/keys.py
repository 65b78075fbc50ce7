"""Rotating the signing keys, which lie sealed in the database."""

from gateway.actions.services import Services
from gateway.kit.ids import Kind
from gateway.ledger.log_keys import new_log_key
from gateway.model.registry import SigningKey
from gateway.oauth.signing import ALGORITHMS, new_signing_key
from gateway.store.admin_actions import AdminAction, on_record
from gateway.store.oauth.keys import add_signing_keys, drop_signing_keys

_ADD = on_record(add_signing_keys)
_DROP = on_record(drop_signing_keys)


async def rotate_signing_keys(services: Services, actor_id: str) -> list[SigningKey]:
    """Make a new signing key for each algorithm; those before them verify until their grace is over."""
    ring, now = services.seal.ring.signing, services.clock()
    keys = [new_signing_key(ring, now=now, ids=services.ids, alg=alg) for alg in ALGORITHMS]
    acts = [_act(services, actor_id, "rotate_signing_key", key.kid) for key in keys]
    await services.store.run_all(_ADD, list(zip(keys, acts, strict=True)))
    return keys


async def rotate_log_key(services: Services, actor_id: str) -> SigningKey:
    """Make a new key for the log's checkpoints; the older ones go on verifying what they signed, for ever."""
    key = new_log_key(services.seal.ring.signing, now=services.clock(), ids=services.ids)
    await services.store.run(_ADD, (key, _act(services, actor_id, "rotate_log_key", key.kid)))
    return key


async def drop_retired_signing_keys(services: Services, actor_id: str) -> int:
    """Delete retired signing keys whose grace is over; give how many."""
    before = services.clock() - services.settings.retired_key_ttl
    act = _act(services, actor_id, "drop_signing_keys", f"before-{before}")
    return await services.store.run(_DROP, (before, act))


def _act(services: Services, actor_id: str, action: str, target_id: str) -> AdminAction:
    return AdminAction(services.ids(Kind.ACTION), actor_id, action, "keys", target_id, services.clock())
