"""Versions that a person's links, tickets and cookies are bound to: numbers that count up, never seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Versions:
    """A person's numbers; whatever was made under an older one opens nothing any more.

    Attributes:
        password: counts up with every new password.
        address: with every change of the address that helps to recover the account.
        device: with every new password, and when every other browser is signed out.
    """

    password: int = 0
    address: int = 0
    device: int = 0
