"""Sessions as the store keeps them."""

from gateway.store.accounts.passwords import NewPassword, keep_passwords
from gateway.store.oauth.logouts import SignOut, sign_out
from gateway.store.sessions import EndedSession, NewSession, load_sessions, open_sessions, touch_sessions
from tests.gateway.store.samples import act, run_all
from tests.world import NOW, World


def new(name: bytes, person_id: str, *, replaces: bytes | None = None) -> NewSession:
    return NewSession(name, person_id, replaces, NOW - 10, NOW)


def test_sessions_are_loaded_in_order_and_unknown_ones_are_none(each_world: World) -> None:
    asha, ben = each_world.person_id(), each_world.person_id("ben@lakeside.example")
    opened = run_all(each_world, open_sessions, [new(b"1", asha), new(b"2", ben)])
    found = run_all(each_world, load_sessions, [b"2", b"unknown", b"1", b"2"])
    assert opened == [found[2], found[0]]
    assert [each.person.person_id if each else None for each in found] == [ben, None, asha, ben]
    assert found[0] is not None
    assert (found[0].created_at, found[0].auth_time, found[0].last_seen_at) == (NOW - 10, NOW, NOW)
    assert run_all(each_world, load_sessions, []) == []


def test_a_session_ends_in_the_transaction_that_opens_its_successor(each_world: World) -> None:
    """Rotation at log-in: the old secret opens nothing any more."""
    asha = each_world.person_id()
    run_all(each_world, open_sessions, [new(b"1", asha), new(b"2", asha, replaces=b"1")])
    old, fresh = run_all(each_world, load_sessions, [b"1", b"2"])
    assert old is None
    assert fresh is not None


def silent_end(session_digest: bytes, person_id: str, at: int) -> SignOut:
    """End a session of which nobody is told."""
    session = EndedSession(session_digest, person_id, NOW, None)
    return SignOut(session, at, lambda _, __: False, lambda _: (), "red_1", "")


def test_an_ended_session_stays_ended_and_the_others_stay_open(each_world: World) -> None:
    asha = each_world.person_id()
    run_all(each_world, open_sessions, [new(b"1", asha), new(b"2", asha)])
    ends = [silent_end(b"1", asha, NOW), silent_end(b"1", asha, NOW + 5), silent_end(b"unknown", asha, NOW)]
    assert run_all(each_world, sign_out, ends) == [None] * 3
    assert [each is None for each in run_all(each_world, load_sessions, [b"1", b"2"])] == [True, False]
    # The same log-in, repeated after a lost commit, does not open it again.
    each_world.store(open_sessions, new(b"1", asha))
    assert each_world.store(load_sessions, b"1") is None


def test_a_use_is_noted(each_world: World) -> None:
    each_world.store(open_sessions, new(b"1", each_world.person_id()))
    assert run_all(each_world, touch_sessions, [(b"1", NOW + 60), (b"unknown", NOW)]) == [None, None]
    found = each_world.store(load_sessions, b"1")
    assert found is not None
    assert found.last_seen_at == NOW + 60


def test_a_closed_account_and_a_new_password_end_every_session(each_world: World) -> None:
    asha, ben = each_world.person_id(), each_world.person_id("ben@lakeside.example")
    run_all(each_world, open_sessions, [new(b"1", asha), new(b"2", ben)])
    act(each_world, "UPDATE person SET state = 'closed' WHERE person_id = :id", id=asha)
    assert each_world.store(load_sessions, b"1") is None
    assert each_world.store(open_sessions, new(b"3", asha)) is None
    each_world.store(keep_passwords, NewPassword(ben, "$argon2id$x", NOW))
    assert each_world.store(load_sessions, b"2") is None
