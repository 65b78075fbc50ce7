"""The outbox: a letter survives refusals and crashes, nobody sends it at the same time as another, and it is sealed."""

import asyncio
import dataclasses
from typing import Any

import pytest
from sqlalchemy import Connection, text

from gateway.actions.letters import post_letter
from gateway.actions.operation.postman import FIRST_WAIT, LEASE, MOST_ATTEMPTS, Postman
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
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

    async def forward(self, to: str, mail: bytes) -> None:
        raise NotImplementedError


def refusing(world: World) -> tuple[Postman, Refusing]:
    mailer = Refusing()
    return Postman(dataclasses.replace(world.services, mailer=mailer)), mailer


def post(world: World) -> None:
    world.run(post_letter, world.services, "test", LETTER)


def rows(world: World) -> list[Any]:
    def read(connection: Connection, _: Any) -> Any:
        return [connection.execute(text("SELECT state, attempts, sealed FROM letter")).all()]

    return world.run(world.services.store.read, read, None)


def test_what_was_sent_is_forgotten(each_world: World):
    post(each_world)
    each_world.run(Postman(each_world.services).turn)
    assert each_world.letters.sent == [LETTER]
    assert rows(each_world) == []


def test_a_refused_letter_waits_longer_each_time_and_leaves_in_the_end(each_world: World):
    postman, mailer = refusing(each_world)
    post(each_world)
    each_world.run(postman.turn)
    mailer.is_open = True
    each_world.clock.pass_by(FIRST_WAIT - 1)
    each_world.run(postman.turn)
    assert mailer.sent == []
    each_world.clock.pass_by(1)
    each_world.run(postman.turn)
    assert mailer.sent == [LETTER]


def test_a_letter_that_nobody_takes_is_given_up_and_its_content_forgotten(world: World):
    postman, _ = refusing(world)
    post(world)
    for _ in range(MOST_ATTEMPTS):
        world.run(postman.turn)
        world.clock.pass_by(DAY)
    assert [(row.state, row.attempts, row.sealed) for row in rows(world)] == [("dead", MOST_ATTEMPTS, None)]
    world.run(postman.turn)
    assert rows(world)[0].attempts == MOST_ATTEMPTS


def test_a_letter_is_not_given_up_because_the_database_does_not_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """What is read for a letter may be out of reach; the letter's content is not forgotten for that."""
    outage = Refusal("temporarily_unavailable", detail="the database refuses, 25006", retry_after=5)

    async def unreachable(postman: Postman, waiting: object) -> list[Letter]:
        raise outage

    post(world)
    postman = Postman(world.services)
    with monkeypatch.context() as broken:
        broken.setattr(Postman, "_letters", unreachable)
        for _ in range(MOST_ATTEMPTS + 1):
            world.run(postman.turn)
            world.clock.pass_by(DAY)
    world.run(postman.turn)
    assert world.letters.sent == [LETTER]


def test_a_letter_is_one_senders_at_a_time_and_a_dead_senders_letter_is_sent_by_another(each_world: World):
    post(each_world)
    pickup = Pickup(each_world.clock(), LEASE, 20)
    (taken,) = each_world.store(take_letters, pickup)
    assert each_world.store(take_letters, pickup) == []
    each_world.clock.pass_by(LEASE)
    (again,) = each_world.store(take_letters, dataclasses.replace(pickup, now=each_world.clock()))
    assert (again.letter_id, again.attempts) == (taken.letter_id, 2)


def test_a_turn_that_fails_is_followed_by_another(world: World, monkeypatch: pytest.MonkeyPatch):
    postman = Postman(world.services)
    turns: list[int] = []

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


def test_the_outbox_holds_nothing_in_the_clear(each_world: World):
    post(each_world)
    assert b"asha" not in rows(each_world)[0].sealed
    assert b"A text" not in rows(each_world)[0].sealed


@pytest.mark.parametrize("changes", [{"environment": "production"}, {"smtp_url": "smtp://mail.example"}])
def test_the_inbox_is_never_shown_where_mail_is_real(changes: dict[str, str]):
    with pytest.raises(SettingsError, match="show_inbox is for demonstrations"):
        read_settings(show_inbox=True, issuer="https://x.example", **changes)
    assert Settings(show_inbox=True).show_inbox
