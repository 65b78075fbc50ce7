"""Witnesses: a log that is forked or rolled back gets no cosignature, and a log that is not gets one at once."""

import asyncio
import dataclasses
import stat
from base64 import b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import Connection, delete, text, update

from gateway.actions.admin_record import record_look
from gateway.actions.ledger.export import Span, export_log
from gateway.actions.ledger.proofs import log_key_words
from gateway.actions.ledger.sequencer import LEASE_TTL
from gateway.actions.ledger.verification import verify_tree
from gateway.actions.ledger.witness import Witness, WitnessIsBusy
from gateway.actions.ledger.witnessing import Witnessing, asked_witnesses
from gateway.ledger.notes import NoteKey, check_note
from gateway.ledger.witness import NotCosigned
from gateway.store.tables import log_checkpoint, log_cosignature, log_leaf
from gateway.web.ledger.witness import SIZE_TYPE, witness_app
from tests.gateway.actions.ledger.test_verification import AUDITOR, run_verifier
from tests.ledgers import last_checkpoint, log_keys, run_sql, sequence, unguarded
from tests.patience import waits
from tests.world import NOW, World

URL = "http://127.0.0.1:8200"


class Setting:
    """A world, its witness, and the way between them, which can be cut."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.clock = lambda: NOW + 5
        self.witness = Witness(folder, "witness.example/w1", log_keys(world), self.clock)
        self.transport: httpx2.AsyncBaseTransport = httpx2.ASGITransport(witness_app(self.witness))

    def ask(self, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        asked = asked_witnesses([f"{self.witness.key} {URL}/"])
        self.world.run(Witnessing(self.world.services, asked, transport or self.transport).turn)

    def grow(self) -> None:
        self.world.run(record_look, self.world.services, AUDITOR, "read_log", "log", "all")
        sequence(self.world)

    def cosigned(self) -> list[int]:
        statement = log_cosignature.select().order_by(log_cosignature.c.size)
        rows = self.world.store(lambda connection, _: [connection.execute(statement).all()], None)
        return [row.size for row in rows]

    def whats(self, *witnesses: NoteKey) -> set[str]:
        async def work() -> set[str]:
            found = await verify_tree(self.world.services, witnesses=witnesses or [self.witness.key])
            return {f"{fault.subject}: {fault.what}" for fault in found.faults}

        return self.world.run(work)


@pytest.fixture
def setting(each_world: World, tmp_path: Path) -> Setting:
    sequence(each_world)
    return Setting(each_world, tmp_path / "witness")


def said(log_output: Path, since: int) -> str:
    return log_output.read_text()[since:]


def test_every_checkpoint_is_cosigned_and_shown_so(setting: Setting, tmp_path: Path) -> None:
    """From the first on; twice asked is once kept; proofs and archives carry the line."""
    world = setting.world
    assert setting.whats() == {"witness witness.example/w1: it has cosigned no checkpoint of this log"}
    setting.ask()
    for _ in range(2):
        setting.grow()
        setting.ask()
        setting.ask()
    assert len(setting.cosigned()) == 3
    shown = world.client().get("/log/checkpoint").text
    _, signers = check_note(shown, [*log_keys(world), setting.witness.key])
    assert [each.at for each in signers] == [None, NOW + 5]
    assert setting.whats() == set()

    file = tmp_path / "log.tar"
    world.run(export_log, world.services, AUDITOR, Span(), file)
    (key,) = log_key_words(world.services)
    status, found = run_verifier(str(file), "--key", key, "--witness", str(setting.witness.key))
    assert (status, found["ok"]) == (0, True)
    other = Witness(tmp_path / "other", "witness.example/w1", [], setting.clock).key
    status, found = run_verifier(str(file), "--key", key, "--witness", str(other))
    assert status == 1
    assert found["faults"] == [
        {"subject": "checkpoint", "what": "the witness witness.example/w1 has not cosigned it"}
    ]


def forge(setting: Setting) -> None:
    """Rewrite the log as its owner could: other entries, their hashes, tiles and a newly signed checkpoint."""
    run_sql(
        setting.world,
        "UPDATE admin_action SET reason = 'forged'",
        "DELETE FROM log_leaf",
        "DELETE FROM log_tile",
        "DELETE FROM log_checkpoint",
        "INSERT INTO log_pending (grant_id, source_id, kind) SELECT '', action_id, 'admin_action' FROM admin_action",
        "INSERT INTO log_pending (grant_id, source_id, kind) SELECT grant_id, event_id, 'consent_event' "
        "FROM consent_event",
        "INSERT INTO log_pending (grant_id, source_id, kind) SELECT grant_id, handoff_id, 'handoff' FROM handoff",
    )
    setting.world.clock.pass_by(LEASE_TTL)
    sequence(setting.world)


def test_a_rewritten_log_is_refused(setting: Setting, log_output: Path) -> None:
    """The gateway itself sees nothing wrong with it, and verifies; its witness does, at the same size and later."""
    setting.grow()
    setting.ask()
    forge(setting)

    async def sound() -> tuple[Any, ...]:
        return (await verify_tree(setting.world.services)).faults

    assert setting.world.run(sound) == ()
    run_sql(setting.world, "DELETE FROM log_cosignature")
    for _ in range(2):
        since = log_output.stat().st_size
        setting.ask()
        assert "witness_refused" in said(log_output, since)
        setting.grow()
    assert setting.cosigned() == []


def test_a_rewritten_log_with_its_old_cosignatures_is_named(setting: Setting) -> None:
    setting.grow()
    setting.ask()
    size = setting.cosigned()[-1]
    forge(setting)
    assert setting.whats() == {
        f"checkpoint {size} as witness.example/w1 cosigned it: "
        "the signature of witness.example/w1 does not hold"
    }


def test_a_log_that_was_rolled_back_is_refused(setting: Setting, log_output: Path) -> None:
    """Everything is put back to an earlier day: the witness remembers more."""
    setting.grow()
    earlier = last_checkpoint(setting.world)
    assert earlier is not None
    setting.grow()
    setting.ask()
    unguarded(
        setting.world,
        lambda c: [
            c.execute(delete(log_leaf).where(log_leaf.c.sequence >= earlier.size)),
            c.execute(delete(log_checkpoint).where(log_checkpoint.c.size > earlier.size)),
            c.execute(delete(log_cosignature)),
        ],
    )
    since = log_output.stat().st_size
    setting.ask()
    assert "witness_refused" in said(log_output, since)
    assert setting.cosigned() == []


def test_an_answer_that_was_lost_is_asked_for_again(setting: Setting) -> None:
    """The witness has cosigned what we have not heard of: it says so, and continues from there."""
    setting.ask()
    run_sql(setting.world, "DELETE FROM log_cosignature")
    setting.ask()
    assert len(setting.cosigned()) == 1
    run_sql(setting.world, "DELETE FROM log_cosignature")
    setting.grow()
    setting.ask()
    assert len(setting.cosigned()) == 1
    assert setting.whats() == set()


def answering(status: int, body: str) -> Callable[[httpx2.Request], httpx2.Response]:
    return lambda request: httpx2.Response(status, text=body)


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize(
    ("status", "body", "event"),
    [
        (200, "", "witness_wrong"),
        (200, "— witness.example/w1 AAAAAAAAAAAAAAAA\n", "witness_wrong"),
        (409, "many", "witness_refused"),
        (409, "999999\n", "witness_refused"),
        (500, "", "witness_refused"),
    ],
)
def test_a_witness_that_answers_nonsense_is_told(
    setting: Setting, log_output: Path, status: int, body: str, event: str
) -> None:
    since = log_output.stat().st_size
    setting.ask(httpx2.MockTransport(answering(status, body)))
    assert event in said(log_output, since)
    assert setting.cosigned() == []


def test_of_an_answer_only_the_witness_own_line_is_served(setting: Setting) -> None:
    """A witness cannot put a line under our checkpoint that would condemn it, nor fill our memory."""
    signed = last_checkpoint(setting.world)
    assert signed is not None
    own = setting.witness.add(f"old 0\n\n{signed.note}")
    (log_key,) = log_keys(setting.world)
    forged = f"— {log_key.name} {b64encode(log_key.key_id + bytes(64)).decode()}\n"
    setting.ask(httpx2.MockTransport(answering(200, forged + own + "x" * 10**6)))
    shown = setting.world.client().get("/log/checkpoint").text
    assert shown == signed.note + own


def test_a_witness_that_refuses_is_asked_again_about_the_next_checkpoint_only(setting: Setting) -> None:
    asked: list[int] = []

    def refuse(request: httpx2.Request) -> httpx2.Response:
        asked.append(1)
        return httpx2.Response(422)

    witnesses = asked_witnesses([f"{setting.witness.key} {URL}"])
    witnessing = Witnessing(setting.world.services, witnesses, httpx2.MockTransport(refuse))
    for expected in (1, 1, 2):
        if expected == 2:
            setting.grow()
        setting.world.run(witnessing.turn)
        assert len(asked) == expected


def test_a_silent_witness_holds_nothing_up(setting: Setting, log_output: Path) -> None:
    def silent(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectTimeout("silent")

    since = log_output.stat().st_size
    setting.ask(httpx2.MockTransport(silent))
    assert "witness_silent" in said(log_output, since)
    setting.grow()
    assert setting.world.client().get("/log/checkpoint").status_code == 200


def test_before_the_first_checkpoint_nobody_is_asked(world: World, tmp_path: Path) -> None:
    key = Witness(tmp_path, "w", [], world.clock).key
    world.run(Witnessing(world.services, asked_witnesses([f"{key} {URL}"])).turn)
    assert last_checkpoint(world) is None


def test_a_cosignature_that_was_changed_is_named(setting: Setting) -> None:
    """Also one that is moved under another key's name, or taken away."""
    setting.ask()
    (size,) = setting.cosigned()
    whose = f"checkpoint {size} as witness.example/w1 cosigned it"
    unguarded(
        setting.world,
        lambda c: c.execute(update(log_cosignature).values(line="— somebody.example AAAAAAAA\n")),
    )
    assert setting.whats() == {f"{whose}: no known key has signed this note"}
    run_sql(setting.world, "DELETE FROM log_cosignature")
    assert setting.whats() == {"witness witness.example/w1: it has cosigned no checkpoint of this log"}


def execute(world: World, statement: str) -> None:
    """Run a statement under the guards."""
    world.store(lambda connection, _: [connection.execute(text(statement))], None)


def test_the_guards_keep_cosignatures(setting: Setting) -> None:
    setting.ask()
    for statement in ("UPDATE log_cosignature SET line = ''", "DELETE FROM log_cosignature"):
        with pytest.raises(Exception, match="append-only"):
            execute(setting.world, statement)


def test_it_runs_by_itself_and_survives_a_failure(
    setting: Setting, monkeypatch: pytest.MonkeyPatch, log_output: Path
) -> None:
    world = setting.world
    services = dataclasses.replace(
        world.services, settings=world.services.settings.model_copy(update={"sequencer_interval": 0.001})
    )
    witnessing = Witnessing(services, asked_witnesses([f"{setting.witness.key} {URL}"]), setting.transport)
    turn = witnessing.turn
    failed: list[int] = []

    async def failing_once() -> None:
        if not failed:
            failed.append(1)
            raise RuntimeError("once")
        await turn()

    monkeypatch.setattr(witnessing, "turn", failing_once)
    since = log_output.stat().st_size

    def is_cosigned(connection: Connection, _: Sequence[None]) -> Sequence[bool]:
        return [bool(connection.execute(log_cosignature.select()).all())]

    async def work() -> None:
        running = asyncio.create_task(witnessing.run())
        async for _ in waits("no cosignature"):
            if "witnessing_failed" in said(log_output, since) and await services.store.read(
                is_cosigned, None
            ):
                break
        running.cancel()
        await asyncio.wait({running})

    world.run(work)
    assert "witnessing_failed" in said(log_output, since)
    assert len(setting.cosigned()) == 1


# The witness itself ----------------------------------------------------------------------------------------------


def test_a_witness_remembers_over_a_restart(world: World, tmp_path: Path) -> None:
    """Its key and what it has cosigned are in its folder, for its user only."""
    sequence(world)
    first = Setting(world, tmp_path / "witness")
    first.ask()
    again = Setting(world, tmp_path / "witness")
    last = last_checkpoint(world)
    assert last
    assert again.witness.key == first.witness.key
    with pytest.raises(NotCosigned, match="the last size cosigned here is"):
        again.witness.add(f"old 0\n\n{last.note}")
    files = list((tmp_path / "witness").iterdir())
    assert len(files) == 2
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}


def test_one_process_is_the_witness_of_a_folder(tmp_path: Path) -> None:
    one, two = (Witness(tmp_path, "w", [], lambda: NOW) for _ in range(2))
    with one.alone(), pytest.raises(WitnessIsBusy), two.alone():
        pass


def test_a_witness_answers_in_the_words_of_the_specification(world: World, tmp_path: Path) -> None:
    sequence(world)
    setting = Setting(world, tmp_path)
    setting.ask()
    signed = last_checkpoint(world)
    assert signed is not None

    def post(content: bytes) -> httpx2.Response:
        async def work() -> httpx2.Response:
            async with httpx2.AsyncClient(transport=setting.transport) as client:
                return await client.post(f"{URL}/add-checkpoint", content=content)

        return world.run(work)

    known = post(f"old 0\n\n{signed.note}".encode())
    assert (known.status_code, known.text) == (409, f"{signed.size}\n")
    assert known.headers["Content-Type"].startswith(SIZE_TYPE)
    assert post(b"\xff").status_code == 400
    assert post(b"x" * 10**6).status_code == 400
    assert post(b"old 0\n\nnothing").status_code == 400
    same = post(f"old {signed.size}\n\n{signed.note}".encode())
    assert same.status_code == 200
    assert same.text.startswith("— witness.example/w1 ")
