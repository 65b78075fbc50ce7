"""The person at a consent screen: their account and guardians, and the sealed values that the screen shows."""

from collections.abc import Sequence

from sqlalchemy import Connection

from gateway.model.profiles import SealedProfile
from gateway.store.consent.standing import Standing, StandingQuery, load_standings
from gateway.store.engine.registry import OnVersion, ignore_version
from gateway.store.profiles import load_profiles


def load_deciders(
    connection: Connection, queries: Sequence[StandingQuery], know: OnVersion = ignore_version
) -> Sequence[tuple[Standing, SealedProfile]]:
    """Load both over one connection, one after the other: a screen waits once."""
    standings = load_standings(connection, queries, know)
    profiles = load_profiles(connection, [each.person_id for each in queries])
    return list(zip(standings, profiles, strict=True))
