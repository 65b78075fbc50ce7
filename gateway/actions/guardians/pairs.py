"""A child and whoever is named as their guardian, as far as the acting administrator may know them."""

from dataclasses import dataclass, replace

from gateway.accounts.fields import FieldFault, check_email
from gateway.actions.admin_record import act_of
from gateway.actions.authentication.sessions import find_email, login_index, mailbox_of, stand_in_index
from gateway.actions.guardians.fitness import OWN
from gateway.actions.services import Services
from gateway.kit.words import Words
from gateway.model.administration.waiting import Administrator
from gateway.model.people import Person, Role
from gateway.store.accounts.logins import load_logins
from gateway.store.admin_actions import AdminAction
from gateway.store.guardians.proposals import Proposed

UNKNOWN = Words("There is no account with this address.")
STANDS = frozenset({Proposed.LINKED, Proposed.OPEN})


@dataclass(frozen=True, slots=True)
class Linking:
    """Who acts on which link.

    Attributes:
        organisation_id: the only organisation whose people the administrator looks after and hears about; None for
            all. Of a guardian elsewhere nothing is told, not even whether there is an account.
        child: log-in.
        guardian: log-in.
        anew: begin again what ended or was refused; a list that comes every night does not.
        role: of who acts; None at the command line.
    """

    actor_id: str
    organisation_id: str | None
    child: str
    guardian: str
    anew: bool = True
    role: Role | None = None

    @property
    def administrator(self) -> Administrator:
        """Give whoever acts as an administrator, who may ask for a second person."""
        return Administrator(self.actor_id, self.role, self.organisation_id)


@dataclass(frozen=True, slots=True)
class LinkFault:
    """Why nothing was changed: what was given wrongly, and words for it.

    Attributes:
        stands: what was wanted is there already.
    """

    field: str
    words: str
    stands: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """A child, and the address of a guardian.

    Attributes:
        guardian: who logs in with the address, if anybody does.
        known: whom the administrator knows by it: the same, or who stands in for somebody of another organisation.
    """

    child: Person
    address: str
    index: bytes
    guardian: Person | None
    known: Person | None


async def find_pair(services: Services, linking: Linking) -> Pair | LinkFault:
    """Find whom an administrator means, or say what is wrong; a child of another school is not there."""
    child = await _known(services, linking, await _holder(services, linking.child), linking.child)
    # A child of another school looks like one that is not there.
    if child is None:
        return LinkFault("child", UNKNOWN)
    if child.role is not Role.STUDENT:
        return LinkFault("child", Words("A guardian is linked to a student."))
    try:
        address = check_email(linking.guardian)
    except FieldFault as fault:
        return LinkFault("guardian", fault.words)
    index = login_index(services, address)
    if mailbox_of(address) == mailbox_of(await find_email(services, child.person_id)):
        return LinkFault("guardian", OWN)
    holder = await _holder(services, address)
    return Pair(child, address, index, holder, await _known(services, linking, holder, address))


async def _holder(services: Services, email: str) -> Person | None:
    found = await services.store.read(load_logins, login_index(services, email))
    return found.person if found else None


async def _known(services: Services, linking: Linking, holder: Person | None, email: str) -> Person | None:
    """Give whom an administrator knows by an address: its holder, or the account that stands in at their school."""
    own = linking.organisation_id
    if own is None or (holder is not None and holder.organisation_id == own):
        return holder
    found = await services.store.read(load_logins, stand_in_index(services, own, email))
    return found.person if found else None


def pair_act(services: Services, linking: Linking, pair: Pair, act: str, **detail: str | int) -> AdminAction:
    """Make the record, on the child's account; the evidence itself stays with the link."""
    known = {"guardian": pair.guardian.person_id, **detail} if pair.guardian else dict(detail)
    return replace(act_of(services, linking.actor_id, act, "person", pair.child.person_id), detail=known)
