"""People, their roles and what a role may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from types import MappingProxyType

from gateway.kit.words import Words

PERSON_PREFIX = "per_"
"""How a person's id begins, and no other id."""


class Role(StrEnum):
    """What a person is to the service; an administrator is a person with a role."""

    STUDENT = auto()
    PROFESSOR = auto()
    GUARDIAN = auto()
    SCHOOL_ADMIN = auto()
    PLATFORM_ADMIN = auto()
    PRIVACY_OFFICER = auto()
    SUPPORT = auto()
    AUDITOR = auto()
    PARTNER_MANAGER = auto()


class PersonState(StrEnum):
    """Where an account stands."""

    INVITED = auto()
    ACTIVE = auto()
    DEACTIVATED = auto()
    """Nobody gets in, and nothing of the person's is read, until an administrator brings it back."""
    CLOSED = auto()


class Power(StrEnum):
    """What administrators can do. Giving a consent is not among them, and never will be (promise P17)."""

    SEE_GRANTS = auto()
    REVOKE_GRANT = auto()
    SEE_PARTNERS = auto()
    REVIEW_PARTNER = auto()
    BRAKE_PARTNER = auto()
    READ_LOG = auto()
    PROVISION_PEOPLE = auto()
    GATE_PARTNERS = auto()
    SEE_COMPLAINTS = auto()
    ANSWER_COMPLAINT = auto()
    GIVE_POWERS = auto()
    """To ask for, or agree to, an account with powers or another role; it always takes two."""


POWERS: Mapping[Role, frozenset[Power]] = MappingProxyType(
    {
        # Each names what it may, so that a new power is nobody's until somebody gives it.
        Role.STUDENT: frozenset(),
        Role.PROFESSOR: frozenset(),
        Role.GUARDIAN: frozenset(),
        # A school's gate is the school's own, and nobody opens or closes it from outside.
        Role.SCHOOL_ADMIN: frozenset({Power.PROVISION_PEOPLE, Power.GATE_PARTNERS}),
        Role.PLATFORM_ADMIN: frozenset(
            {
                Power.SEE_GRANTS,
                Power.REVOKE_GRANT,
                Power.SEE_PARTNERS,
                Power.REVIEW_PARTNER,
                Power.BRAKE_PARTNER,
                Power.READ_LOG,
                Power.PROVISION_PEOPLE,
                Power.SEE_COMPLAINTS,
                Power.ANSWER_COMPLAINT,
                Power.GIVE_POWERS,
            }
        ),
        Role.PRIVACY_OFFICER: frozenset(
            {
                Power.SEE_GRANTS,
                Power.REVOKE_GRANT,
                Power.SEE_PARTNERS,
                Power.REVIEW_PARTNER,
                Power.BRAKE_PARTNER,
                Power.READ_LOG,
                Power.SEE_COMPLAINTS,
                Power.ANSWER_COMPLAINT,
                Power.GIVE_POWERS,
            }
        ),
        Role.SUPPORT: frozenset({Power.SEE_GRANTS, Power.REVOKE_GRANT, Power.SEE_COMPLAINTS}),
        Role.AUDITOR: frozenset({Power.SEE_GRANTS, Power.SEE_PARTNERS, Power.READ_LOG, Power.SEE_COMPLAINTS}),
        Role.PARTNER_MANAGER: frozenset({Power.SEE_PARTNERS, Power.REVIEW_PARTNER, Power.BRAKE_PARTNER}),
    }
)


ROLE_WORDS: Mapping[Role, Words] = MappingProxyType(
    {
        Role.STUDENT: Words("Student"),
        Role.PROFESSOR: Words("Professor"),
        Role.GUARDIAN: Words("Guardian"),
        Role.SCHOOL_ADMIN: Words("School admin"),
        Role.PLATFORM_ADMIN: Words("Platform admin"),
        Role.PRIVACY_OFFICER: Words("Privacy officer"),
        Role.SUPPORT: Words("Support"),
        Role.AUDITOR: Words("Auditor"),
        Role.PARTNER_MANAGER: Words("Partner manager"),
    }
)


def roles_with(power: Power) -> frozenset[Role]:
    """Name the roles that have a power."""
    return frozenset(role for role in Role if power in powers_of(role))


def powers_of(role: Role) -> frozenset[Power]:
    """What a role may do beyond its own affairs; nothing for those who only use the service."""
    return POWERS[role]


HAS_ACCOUNT = frozenset({PersonState.ACTIVE, PersonState.DEACTIVATED})
"""States in which what a person agreed to is not over."""


def can_stop(role: Role, other: Role) -> bool:
    """Tell whether a role may stop another one's account: no powers beyond its own, or it may give and take them."""
    return Power.GIVE_POWERS in powers_of(role) or powers_of(other) <= powers_of(role)


ROLES_WITH_POWERS = tuple(role for role in Role if powers_of(role))
"""Whoever has one of these proves it by a second factor."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person as the gateway's rooms know them: no field values.

    Attributes:
        needs_guardian: whether a guardian decides with them; made from the date of birth, which is sealed.
        zone: in which times are shown to them: their own choice, else their organisation's; empty where neither
            was said (IANA).
        factor_grace_from: since when somebody with powers may do without a second factor for a while; None for
            whoever has no such grace (any more).
    """

    person_id: str
    organisation_id: str
    role: Role
    state: PersonState
    language: str
    needs_guardian: bool = False
    factor_grace_from: int | None = None
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where somebody may be: what says at which midnight they become a year older.

    Attributes:
        country: of their organisation (ISO 3166-1 alpha-2): the jurisdiction.
        zone: of their organisation (IANA); empty where nobody has said it.
        own_zone: the one that they chose themselves; empty without one.
    """

    country: str
    zone: str = ""
    own_zone: str = ""


class Acr(StrEnum):
    """How a person authenticated, weakest first: the classes that a partner may ask for (OIDC Core §2)."""

    PWD = "pwd"  # noqa: S105 - a class of authentication, not a password
    MFA = "mfa"
    PHR = "phr"
    """Phishing-resistant (OpenID EAP ACR values §2)."""

    def reaches(self, wanted: "Acr") -> bool:
        """Tell whether this is at least as strong."""
        ranks = list(Acr)
        return ranks.index(self) >= ranks.index(wanted)


AMR: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {Acr.PWD: ("pwd",), Acr.MFA: ("pwd", "otp", "mfa"), Acr.PHR: ("pop", "user", "mfa")}
)
"""The methods behind each class (RFC 8176 §2)."""


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser (server-side; the cookie holds only a secret).

    Attributes:
        session_digest: digest of the cookie's secret.
        auth_time: when the person last authenticated, by password, code or passkey (OIDC Core §2).
        last_seen_at: when the last request came, to the minute.
        sid: stays while the secret changes at a step-up; partners are told something made of it. None for one of old.
    """

    session_digest: bytes
    person: Person
    created_at: int
    auth_time: int
    last_seen_at: int
    acr: str = "pwd"
    agent: str = ""
    sid: str | None = None

    @property
    def amr(self) -> tuple[str, ...]:
        """How the person authenticated (RFC 8176)."""
        return AMR[self.acr]
