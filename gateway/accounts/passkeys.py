"""Passkeys (WebAuthn Level 3), by a library: what the browser is asked, and whether its answer holds.

The library is imported where it is used: it would cost each start 60 ms, and brings another TLS library along.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

MOST_CHARACTERS = 20_000


class PasskeyFault(ValueError):
    """An answer of a browser that does not hold."""


@dataclass(frozen=True, slots=True)
class Site:
    """Whom passkeys are made for: the name of the host, and the origin that pages come from."""

    rp_id: str
    origin: str
    name: str


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A passkey that a browser made."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


def creation_options(
    site: Site, person_id: str, shown_name: str, challenge: bytes, known: Iterable[bytes]
) -> str:
    """Ask a browser to make a passkey that needs no name to be typed, and that checks its person (§5.4)."""
    import webauthn
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = webauthn.generate_registration_options(
        rp_id=site.rp_id,
        rp_name=site.name,
        user_id=person_id.encode(),
        user_name=shown_name,
        user_display_name=shown_name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
    )
    return webauthn.options_to_json(options)


def request_options(site: Site, challenge: bytes, allowed: Iterable[bytes] = ()) -> str:
    """Ask a browser to sign a challenge (§5.5)."""
    import webauthn
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor, UserVerificationRequirement

    options = webauthn.generate_authentication_options(
        rp_id=site.rp_id,
        challenge=challenge,
        allow_credentials=[PublicKeyCredentialDescriptor(id=each) for each in allowed],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def check_creation(site: Site, challenge: bytes, answer: str) -> NewPasskey:
    """Check a browser's answer to `creation_options` (§7.1).

    Raises:
        PasskeyFault: it does not hold.
    """
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        found = webauthn.verify_registration_response(
            credential=_shape(answer),
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise PasskeyFault(error.__class__.__name__) from None
    return NewPasskey(found.credential_id, found.credential_public_key, found.sign_count)


def credential_of(answer: str) -> bytes:
    """Name the passkey that an answer is signed with.

    Raises:
        PasskeyFault: it is none.
    """
    from webauthn.helpers import parse_authentication_credential_json
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        return parse_authentication_credential_json(_shape(answer)).raw_id
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise PasskeyFault(error.__class__.__name__) from None


def check_request(site: Site, challenge: bytes, answer: str, public_key: bytes, sign_count: int) -> int:
    """Check a browser's signature (§7.2); give the passkey's counter.

    Raises:
        PasskeyFault: it does not hold.
    """
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        found = webauthn.verify_authentication_response(
            credential=_shape(answer),
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise PasskeyFault(error.__class__.__name__) from None
    return found.new_sign_count


def _shape(answer: str) -> dict[str, object]:
    from webauthn.helpers import base64url_to_bytes

    if len(answer) > MOST_CHARACTERS:
        raise ValueError("too long")
    found = json.loads(answer)
    if not isinstance(found, dict):
        raise TypeError("not an object")
    base64url_to_bytes(str(found["id"]))
    return found
