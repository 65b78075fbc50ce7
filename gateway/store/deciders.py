"""Whoever stands before a consent screen: their standing, and the sealed values that the screen shows them."""

from collections.abc import Sequence

from sqlalchemy import Connection

from gateway.model.profile import SealedProfile
from gateway.store.consents import Standing, StandingQuery, load_standings
from gateway.store.profiles import load_profiles
from gateway.store.registry import Know, know_nothing


def load_deciders(
    connection: Connection, queries: Sequence[StandingQuery], know: Know = know_nothing
) -> Sequence[tuple[Standing, SealedProfile]]:
    """Load both over one connection, one after the other: a screen waits once."""
    standings = load_standings(connection, queries, know)
    profiles = load_profiles(connection, [each.person_id for each in queries])
    return list(zip(standings, profiles, strict=True))
