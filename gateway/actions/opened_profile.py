"""Unsealing a profile. Only the release gate and a person's own pages may import this (promise P13)."""

from collections.abc import Set
from datetime import date

from gateway.consent.age_policy import counted_day
from gateway.kit.errors import Refusal
from gateway.kit.secrets.sealing import Seal, unseal_all
from gateway.model.profiles import SealedProfile, place_of


class OpenedProfile:
    """A profile whose fields are unsealed one by one, only as far as they are granted."""

    def __init__(self, seal: Seal, profile: SealedProfile) -> None:
        """Unwrap the person's key."""
        if profile.wrapped is None:
            raise Refusal("not_found", detail="the person was erased")
        self.key = seal.person_key(profile.person_id, profile.wrapped)
        self._profile = profile

    @property
    def birthdate(self) -> date | None:
        """The date of birth, for the age policy alone."""
        text = self.values({"birthdate"}).get("birthdate")
        return date.fromisoformat(text) if text else None

    def counted_day(self, at: int) -> date:
        """Give the day by which this person's age is counted at a second."""
        return counted_day(self._profile.whereabouts, at)

    def values(self, fields: Set[str]) -> dict[str, str]:
        """Unseal what the given fields of the catalogue are made of; role and organisation come from the record."""
        profile = self._profile
        known = {"role": profile.role, "organisation": profile.organisation}
        stored = {"birthdate" if name.startswith("age_over_") else name for name in fields}
        places = {name: place_of(profile.person_id, name) for name in sorted(stored & profile.fields.keys())}
        values = unseal_all(self.key, {place: profile.fields[name].sealed for name, place in places.items()})
        opened = {name: values[place].decode() for name, place in places.items()}
        return opened | {name: known[name] for name in stored & known.keys()}
