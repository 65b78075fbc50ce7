"""The device flow (RFC 8628): a code flow that redirects to ourselves, with the same consent and tokens."""

import hashlib
from collections.abc import Mapping

from gateway.kit.secrets.digests import base64url
from gateway.oauth.parameters import Parameters

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
DONE = "/device/done"
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""The letters of user codes, without vowels, which make words, and digits (RFC 8628 §6.1)."""

LENGTH = 8
_TAKEN = (
    "scope",
    "authorization_details",
    "claims",
    "resource",
    "nonce",
    "acr_values",
    "max_age",
    "dpop_jkt",
)


def device_redirect_uri(issuer: str) -> str:
    """Name the place where a device's code comes to us; nobody can register it or ask for it."""
    return issuer + DONE


def verifier_of(device_code: str) -> str:
    """Derive the PKCE verifier that only the holder of the device code knows (RFC 7636)."""
    return base64url(hashlib.sha256(f"verifier {device_code}".encode()).digest())


def device_request(parameters: Parameters, issuer: str, device_code: str, state: str) -> Mapping[str, str]:
    """Make the authorization request that a device's request stands for."""
    challenge = hashlib.sha256(verifier_of(device_code).encode()).digest()
    return {
        **{name: parameters[name] for name in _TAKEN if name in parameters},
        "client_id": parameters["client_id"],
        "response_type": "code",
        "redirect_uri": device_redirect_uri(issuer),
        "state": state,
        "code_challenge": base64url(challenge),
        "code_challenge_method": "S256",
        "prompt": "consent",
    }


def exchange_of(issuer: str, device_code: str, code: str) -> Mapping[str, str]:
    """Make the token request that a device's polling stands for, once there is a code."""
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": device_redirect_uri(issuer),
        "code_verifier": verifier_of(device_code),
    }


def user_code_of(chance: str) -> str:
    """Shorten 256 random bits to a code for people, eight letters with 34 bits."""
    number, letters = int.from_bytes(hashlib.sha256(chance.encode()).digest()), ""
    for _ in range(LENGTH):
        number, place = divmod(number, len(ALPHABET))
        letters += ALPHABET[place]
    return letters


def shown_code(user_code: str) -> str:
    """Show a code in two halves."""
    return f"{user_code[: LENGTH // 2]}-{user_code[LENGTH // 2 :]}"


def is_user_code(text: str) -> bool:
    """Whether a text could be a code of ours, as it is shown."""
    letters = typed_code(text)
    return len(letters) == LENGTH and set(letters) <= set(ALPHABET) and text == shown_code(letters)


def typed_code(text: str) -> str:
    """Read a typed code; case, hyphens and spaces do not matter (RFC 8628 §6.1)."""
    return "".join(letter for letter in text.upper() if letter.isalnum())[:64]
