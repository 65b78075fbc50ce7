"""A link against what it protects, at the same moment: what came first counts, and nothing comes after its end."""

import asyncio
import threading
from typing import Any

import pytest

from gateway.kit.secrets.digests import digest
from gateway.model.people import Acr
from gateway.store.accounts.invitations import (
    Acceptance,
    InvitationRenewal,
    NewInvitation,
    accept_invitations,
    renew_invitations,
)
from gateway.store.accounts.logins import load_logins_of
from gateway.store.accounts.mail_links import (
    MailLink,
    Recovery,
    keep_links,
    recover_accounts,
    verify_addresses,
)
from gateway.store.accounts.passwords import NewPassword, PasswordChange, change_passwords, keep_passwords
from gateway.store.accounts.profile_edits import ProfileEdit, edit_profiles
from gateway.store.engine.backend import Operation
from gateway.store.sessions import NewSession, open_sessions
from tests.gateway.store.samples import act, rows, slowly
from tests.world import NOW, World

Act = tuple[Operation[Any, Any], Any]


def in_turn(world: World, first: Act, second: Act) -> tuple[Any, Any]:
    """Begin the second while the first one's transaction is still open."""
    store = world.services.store

    async def race() -> tuple[Any, Any]:
        begun = threading.Event()
        earlier = asyncio.create_task(store.run(slowly(first[0], begun), first[1]))
        assert await asyncio.to_thread(begun.wait, 60)
        later = await store.run(*second)
        return await earlier, later

    return world.run(race)


def keep_link(world: World, kind: str, name: str) -> None:
    versions = world.store(load_logins_of, world.person_id()).versions
    link = MailLink(
        digest(name), world.person_id(), kind, NOW, NOW + 900, versions.password, versions.address
    )
    world.store(keep_links, link)


def password(world: World, words: str) -> NewPassword:
    return NewPassword(world.person_id(), f"$hash of {words}", NOW)


def hash_of(world: World) -> str:
    source = "SELECT secret_hash FROM credential WHERE person_id = :id"
    return str(rows(world, source, id=world.person_id())[0][0])


def opened(world: World, name: bytes, **more: Any) -> NewSession:
    return NewSession(name, world.person_id(), None, NOW, NOW, Acr.PWD, **more)


def recovery(world: World, words: str = "the link") -> Act:
    return recover_accounts, Recovery(digest("a link"), password(world, words))


def test_a_recovery_link_against_a_new_password(each_world: World) -> None:
    """Whoever found the mail does not overtake the owner, who chose a new password just now."""
    keep_link(each_world, "recovery", "a link")
    each_world.store(open_sessions, opened(each_world, b"mine"))
    mine = change_passwords, PasswordChange(b"mine", password(each_world, "the owner"))
    version, did_recover = in_turn(each_world, mine, recovery(each_world))
    assert version is not None
    assert did_recover is False
    assert hash_of(each_world) == "$hash of the owner"


def test_a_new_password_against_a_recovery_link(each_world: World) -> None:
    """The recovery has ended the session in which the new password was asked for."""
    keep_link(each_world, "recovery", "a link")
    each_world.store(open_sessions, opened(each_world, b"thief"))
    theirs = change_passwords, PasswordChange(b"thief", password(each_world, "the thief"))
    assert in_turn(each_world, recovery(each_world), theirs) == (True, None)
    assert hash_of(each_world) == "$hash of the link"


def test_two_new_passwords_of_two_sessions(each_world: World) -> None:
    """The first ends the other one's session, and with it what that one asked for."""
    for name in (b"mine", b"thief"):
        each_world.store(open_sessions, opened(each_world, name))
    mine, theirs = (
        (change_passwords, PasswordChange(name, password(each_world, name.decode())))
        for name in (b"mine", b"thief")
    )
    version, other = in_turn(each_world, mine, theirs)
    assert (version is not None, other) == (True, None)
    assert hash_of(each_world) == "$hash of mine"


def edit(world: World, sealed: bytes | None) -> Act:
    return edit_profiles, ProfileEdit(world.person_id(), {"alternate_email": sealed}, "self", NOW)


def address(world: World) -> list[tuple[Any, ...]]:
    source = (
        "SELECT sealed, verified_at FROM person_field WHERE field = 'alternate_email' AND person_id = :id"
    )
    return [(bytes(row[0]), row[1]) for row in rows(world, source, id=world.person_id())]


@pytest.mark.parametrize("sealed", [b"address B", None])
def test_a_confirmation_against_another_address(each_world: World, sealed: bytes | None) -> None:
    """In one second: the link is address A's, and B is not confirmed by it."""
    keep_link(each_world, "verification", "a link")
    _, did_verify = in_turn(each_world, edit(each_world, sealed), (verify_addresses, (digest("a link"), NOW)))
    assert did_verify is False
    assert address(each_world) == ([(sealed, None)] if sealed else [])


def test_another_address_against_a_confirmation(each_world: World) -> None:
    """A is confirmed, and then replaced: B is not."""
    keep_link(each_world, "verification", "a link")
    did_verify, _ = in_turn(
        each_world, (verify_addresses, (digest("a link"), NOW)), edit(each_world, b"address B")
    )
    assert did_verify is True
    assert address(each_world) == [(b"address B", None)]


def test_a_recovery_link_against_the_end_of_its_address(each_world: World) -> None:
    keep_link(each_world, "recovery", "a link")
    before = hash_of(each_world)
    assert in_turn(each_world, edit(each_world, None), recovery(each_world)) == (None, False)
    assert hash_of(each_world) == before


def test_a_log_in_with_the_old_password_against_a_new_one(each_world: World) -> None:
    """The old one was right when it was looked at; its session would live on after every other was ended."""
    version = each_world.store(load_logins_of, each_world.person_id()).versions.password
    late = open_sessions, opened(each_world, b"late", password_version=version)
    _, session = in_turn(each_world, (keep_passwords, password(each_world, "new")), late)
    assert session is None
    # The other way round it is opened, and ended.
    now = each_world.store(load_logins_of, each_world.person_id()).versions.password
    early = open_sessions, opened(each_world, b"early", password_version=now)
    session, _ = in_turn(each_world, early, (keep_passwords, password(each_world, "newer")))
    assert session is not None
    ended = rows(each_world, "SELECT count(*) FROM session WHERE ended_at IS NULL")
    assert ended == [(0,)]


def test_a_step_up_against_the_end_of_its_session(each_world: World) -> None:
    """What goes on from a session does not outlive it."""
    each_world.store(open_sessions, opened(each_world, b"thief"))
    onward = NewSession(b"onward", each_world.person_id(), b"thief", NOW, NOW, Acr.PHR, continues=True)
    _, session = in_turn(each_world, (keep_passwords, password(each_world, "new")), (open_sessions, onward))
    assert session is None


def test_an_answer_that_was_lost_is_asked_for_again(each_world: World) -> None:
    """The same plan once more: what was done is said to be done, and is done once."""
    keep_link(each_world, "recovery", "a link")
    assert [each_world.store(*recovery(each_world)) for _ in range(2)] == [True, True]
    each_world.store(open_sessions, opened(each_world, b"mine"))
    change = PasswordChange(b"mine", password(each_world, "mine"))
    first, again = [each_world.store(change_passwords, change) for _ in range(2)]
    assert first == again is not None
    onward = NewSession(b"onward", each_world.person_id(), None, NOW, NOW, Acr.PWD, password_version=first)
    assert all(each_world.store(open_sessions, onward) for _ in range(2))


def invited(world: World) -> str:
    person_id = world.person_id("deepa@lakeside.example")
    act(world, "UPDATE person SET state = 'invited' WHERE person_id = :id", id=person_id)
    world.store(
        renew_invitations, InvitationRenewal(person_id, None, NewInvitation(b"first", "cli", NOW, NOW + 900))
    )
    return person_id


def test_an_invitation_against_a_newer_one(each_world: World) -> None:
    person_id = invited(each_world)
    newer = (
        renew_invitations,
        InvitationRenewal(person_id, None, NewInvitation(b"second", "cli", NOW, NOW + 900)),
    )
    older = accept_invitations, Acceptance(b"first", NewPassword(person_id, "$hash", NOW))
    assert in_turn(each_world, newer, older) == (True, False)
    assert in_turn(each_world, (older[0], Acceptance(b"second", older[1].password)), newer) == (True, False)
