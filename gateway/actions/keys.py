"""Rotating keys: signing keys in the database, master keys in the ring, people's keys under the current master."""

from collections.abc import Callable

from gateway.actions.services import Services
from gateway.kit.ids import Kind
from gateway.ledger.log_keys import new_log_key
from gateway.model.registry import SigningKey
from gateway.oauth.signing import ALGORITHMS, new_signing_key
from gateway.store.admin_actions import AdminAction, append_actions, on_record
from gateway.store.keys import add_signing_keys, drop_signing_keys
from gateway.store.probes import count_person_keys
from gateway.store.profile_edits import Rewrap, keys_under_old_masters, rewrap_keys

BATCH = 200
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


async def rewrap_person_keys(
    services: Services, actor_id: str, progress: Callable[[int, int], None] = lambda done, total: None
) -> int:
    """Wrap every person's key under the current master key, in batches; it can be stopped and begun again.

    Returns:
        How many were wrapped anew.
    """
    current = services.seal.ring.current
    counts = await services.store.read(count_person_keys, None)
    total = sum(count for master, count in counts.items() if master != current)
    done = 0
    if total:
        act = _act(services, actor_id, "rewrap_person_keys", current)
        await services.store.run(append_actions, act)
    while batch := await services.store.read(keys_under_old_masters, (current, BATCH)):
        rewraps = [Rewrap(each, old, services.seal.rewrap(each, old)) for each, old in batch.items()]
        await services.store.run_all(rewrap_keys, rewraps)
        done += len(rewraps)
        progress(done, max(done, total))
    return done


async def unused_masters(services: Services) -> list[str]:
    """Name the master keys that wrap nothing any more."""
    counts = await services.store.read(count_person_keys, None)
    ring = services.seal.ring
    return [name for name in ring.masters if name != ring.current and not counts.get(name)]


async def drop_retired_signing_keys(services: Services, actor_id: str) -> int:
    """Take back signing keys whose grace is over; how many went."""
    before = services.clock() - services.settings.retired_key_ttl
    act = _act(services, actor_id, "drop_signing_keys", f"before-{before}")
    return await services.store.run(_DROP, (before, act))


def _act(services: Services, actor_id: str, action: str, target_id: str) -> AdminAction:
    return AdminAction(services.ids(Kind.ACTION), actor_id, action, "keys", target_id, services.clock())
