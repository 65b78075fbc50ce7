"""Controls of the key ring, and of what seals and hashes with it."""

import stat

from cryptography.exceptions import UnsupportedAlgorithm

from gateway.accounts.passwords import Passwords
from gateway.cli.controls.control import Finding, Sight
from gateway.kit.ids import random_key
from gateway.kit.secrets.key_ring import RESTORE, KeyRing, has_fingerprint
from gateway.kit.secrets.sealing import seal, unseal


def key_ring(sight: Sight) -> Finding:
    """Check whether the ring can be read."""
    if not isinstance(sight.ring, KeyRing):
        return Finding(False, str(sight.ring), f"{RESTORE} A lost ring loses every value.")
    words = f"master keys: {len(sight.ring.masters)}, {sight.ring.current} is current"
    announced = sight.ring.newest != sight.ring.current
    return Finding(True, words + f", {sight.ring.newest} is announced" * announced)


def key_ring_mode(sight: Sight) -> Finding:
    """Check whether others can read the ring."""
    path = sight.settings.key_ring_path
    if not path.exists():
        return Finding(True, "there is no file")
    mode = stat.S_IMODE(path.stat().st_mode)
    return Finding(mode & 0o077 == 0, f"{mode:04o}", f"chmod 600 {path}")


def master_key_names(sight: Sight) -> Finding:
    """Check whether the master key's name differs from those of all other installations."""
    if not isinstance(sight.ring, KeyRing):
        return Finding(True, "there is no ring")
    return Finding(
        has_fingerprint(sight.ring.current),
        f"{sight.ring.current} seals",
        "It was made by an earlier version. Run 'consent-gateway keys rotate --master --rewrap', then "
        "'consent-gateway keys prune'.",
    )


def sealing(_: Sight) -> Finding:
    """Seal and open something."""
    key, remedy = random_key(), "Install the package cryptography with OpenSSL 3.2 or newer."
    try:
        opened_again = unseal(key, seal(key, b"self test", "doctor"), "doctor")
    except UnsupportedAlgorithm as error:
        return Finding(False, str(error), remedy)
    return Finding(opened_again == b"self test", "AES-256-GCM-SIV (RFC 8452)", remedy)


async def password_hash(_: Sight) -> Finding:
    """Hash a password and try a wrong one."""
    passwords = Passwords(workers=1, queue=4)
    try:
        hashed = await passwords.hash("a self test of the doctor")
        right = await passwords.is_right(hashed, "a self test of the doctor")
        wrong = await passwords.is_right(hashed, "another password")
    finally:
        passwords.close()
    return Finding(
        hashed.startswith("$argon2id$") and right and not wrong,
        hashed.rpartition("$")[0].rpartition("$")[0],
        "Install the package argon2-cffi anew.",
    )
