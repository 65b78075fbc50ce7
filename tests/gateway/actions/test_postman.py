"""The outbox: a letter survives refusals and crashes, nobody sends it at the same time as another, and it is sealed."""

import asyncio
import dataclasses
from typing import Any

import pytest
from sqlalchemy import Connection, text

from gateway.actions.letters import post_letter
from gateway.actions.postman import FIRST_WAIT, LEASE, MOST_ATTEMPTS, Postman
from gateway.kit.mail import Letter
from gateway.kit.settings import Settings, SettingsError, read_settings
from gateway.store.letters import Pickup, take_letters
from tests.world import World

LETTER = Letter("asha@lakeside.example", "A subject", "A text\n")


class Refusing:
    """A mailer that refuses until told otherwise."""

    def __init__(self) -> None:
        self.sent: list[Letter] = []
        self.is_open = False

    async def send(self, letter: Letter) -> None:
        if not self.is_open:
            raise ConnectionRefusedError("no server for asha@lakeside.example")
        self.sent.append(letter)


def refusing(world: World) -> tuple[Postman, Refusing]:
    mailer = Refusing()
    return Postman(dataclasses.replace(world.services, mailer=mailer)), mailer


def post(world: World) -> None:
    world.run(post_letter, world.services, "test", LETTER)


def rows(world: World) -> list[Any]:
    def read(connection: Connection, _: Any) -> Any:
        return [connection.execute(text("SELECT state, attempts, sealed FROM letter")).all()]

    return world.run(world.services.store.read, read, None)


def test_what_was_sent_is_forgotten(both: World):
    post(both)
    both.run(Postman(both.services).turn)
    assert both.letters.sent == [LETTER]
    assert rows(both) == []


def test_a_refused_letter_waits_longer_each_time_and_leaves_in_the_end(both: World):
    postman, mailer = refusing(both)
    post(both)
    both.run(postman.turn)
    mailer.is_open = True
    both.clock.pass_by(FIRST_WAIT - 1)
    both.run(postman.turn)
    assert mailer.sent == []
    both.clock.pass_by(1)
    both.run(postman.turn)
    assert mailer.sent == [LETTER]


def test_a_letter_that_nobody_takes_is_given_up_and_its_content_forgotten(world: World):
    postman, _ = refusing(world)
    post(world)
    for _ in range(MOST_ATTEMPTS):
        world.run(postman.turn)
        world.clock.pass_by(86_400)
    assert [(row.state, row.attempts, row.sealed) for row in rows(world)] == [("dead", MOST_ATTEMPTS, None)]
    world.run(postman.turn)
    assert rows(world)[0].attempts == MOST_ATTEMPTS


def test_a_letter_is_one_senders_at_a_time_and_a_dead_senders_letter_is_sent_by_another(both: World):
    post(both)
    pickup = Pickup(both.clock(), LEASE, 20)
    (taken,) = both.store(take_letters, pickup)
    assert both.store(take_letters, pickup) == []
    both.clock.pass_by(LEASE)
    (again,) = both.store(take_letters, dataclasses.replace(pickup, now=both.clock()))
    assert (again.letter_id, again.attempts) == (taken.letter_id, 2)


def test_a_turn_that_fails_is_followed_by_another(world: World, monkeypatch: pytest.MonkeyPatch):
    postman, turns = Postman(world.services), []

    async def turn() -> None:
        turns.append(len(turns))
        if len(turns) == 1:
            raise ConnectionResetError
        if len(turns) == 3:
            raise asyncio.CancelledError

    monkeypatch.setattr(postman, "turn", turn)

    async def run() -> None:
        with pytest.raises(asyncio.CancelledError):
            await postman.run()

    world.run(run)
    assert turns == [0, 1, 2]


def test_the_outbox_holds_nothing_in_the_clear(both: World):
    post(both)
    assert b"asha" not in rows(both)[0].sealed
    assert b"A text" not in rows(both)[0].sealed


@pytest.mark.parametrize("changes", [{"environment": "production"}, {"smtp_url": "smtp://mail.example"}])
def test_the_inbox_is_never_shown_where_mail_is_real(changes: dict[str, str]):
    with pytest.raises(SettingsError, match="show_inbox is for demonstrations"):
        read_settings(show_inbox=True, issuer="https://x.example", **changes)
    assert Settings(show_inbox=True).show_inbox
