"""`demo`: everything is made, reused, reset and ended as it says; `--check` holds, and finds what does not."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.accounts.passwords import password_faults
from gateway.cli.browser import Browser, Page, read_page
from gateway.cli.demo import command, content, leash, processes
from gateway.cli.demo.content import COLOURS, deploy_folder, list_people, new_password, sample_manifests
from gateway.cli.demo.folder import Folder
from gateway.cli.demo.journey import Journey
from gateway.cli.demo.place import Place
from gateway.cli.demo.processes import Children, Stopped, stopping
from gateway.cli.demo.steps import Unexpected, Walk, WalkEnded, expect
from gateway.cli.terminal import CommandFault
from gateway.consent.terms import terms
from gateway.kit.clock import DAY, system_clock
from gateway.kit.errors import Refusal
from gateway.kit.settings import Settings
from gateway.model.people import Role
from partners import Offer, parse_manifest
from scopes import Form
from tests.gateway.cli.conftest import Cli
from tests.patience import PATIENCE, until
from tests.ports import free_port
from tests.world import PARTNERS

ROOT = Path(__file__).resolve().parents[3]
GUARDIANS = {"lakshmi.iyer@lakeside.example", "niamh.obyrne@northfield.example"}
WANTED = command.WORTH_TRYING.keys() | GUARDIANS


@pytest.fixture
def place_(tmp_path: Path, environment: Callable[..., None]) -> Place:
    """A place for a demonstration, on free ports."""
    return Place(Folder(tmp_path / "demo"), free_port(), free_port())


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout's deploy/ with a few people: hashing a hundred passwords once is enough."""
    folder = tmp_path_factory.mktemp("few")
    (folder / "demo").mkdir()
    (folder / "demo" / "organisations.csv").write_bytes((ROOT / "deploy/demo/organisations.csv").read_bytes())
    (folder / "partners.d").symlink_to(ROOT / "deploy" / "partners.d")
    lines = (ROOT / "deploy/demo/people.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines[1:] if line.split(",")[2] in WANTED]
    (folder / "demo" / "people.csv").write_text("".join([lines[0], *kept]), encoding="utf-8")
    return folder


@pytest.fixture
def few(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fill demonstrations with the people worth trying only."""
    monkeypatch.setattr(content, "deploy_folder", lambda: samples)


def steps(shown: str) -> tuple[int, int]:
    """Read how many steps of a check held, and how many it began."""
    [(held, begun)] = re.findall(r"(\d+) of (\d+) steps held", shown)
    return int(held), int(begun)


def test_check_walks_the_whole_journey(empty: Cli) -> None:
    """The real list, the real ports, both processes: every step holds (point 3 of the main job)."""
    found = empty.json("demo", "--check")
    assert found["ok"] is True
    assert found["steps"][-1]["name"] == "the log is verified"
    assert all(step["ok"] and step["detail"] and step["seconds"] >= 0 for step in found["steps"])
    assert len(found["handoffs"]) == 2
    assert found["log"] == {"ok": True, "handoffs": 2, "grants": 1}
    assert "Asha" not in json.dumps(found["handoffs"])


def test_check_on_postgresql(few: None, empty: Cli, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue("postgres_server")
    url = server.create_database()
    shown = empty("demo", "--check", "--data", str(tmp_path / "d"), "--database-url", url)
    held, begun = steps(shown)
    assert held == begun
    assert "email, name" in shown
    # A fresh beginning deletes what was made in the database too.
    again = Place(Folder(tmp_path / "d"), free_port(), free_port(), url)
    before = again.folder.read()
    assert again.prepare(reset=True)["admin"]["password"] != before["admin"]["password"]
    server.drop_database(url)


def test_check_says_which_step_did_not_hold_and_why(
    few: None, empty: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Place) -> None:
        raise CommandFault("the gateway did not answer")

    monkeypatch.setattr(Place, "running", broken)
    found = empty.json("demo", "--check", status=1)
    assert found["ok"] is False
    assert [(step["ok"], step["detail"]) for step in found["steps"]][1:] == [
        (False, "the gateway did not answer")
    ]
    assert (found["handoffs"], found["log"]) == ([], None)


SCREEN = """<p>Asha Rao</p><form action="/consent" method="post">
<input type="checkbox" name="item" value="phone_number.a"><input type="checkbox" name="item" value="student_status.b">
</form>"""


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('value="phone_number.a"', 'value="phone_number.a" checked', "ticked in advance: expected []"),
        ("Asha Rao", "A•••", "the person's own name is shown: expected True, found False"),
        ("student_status.b", "email.b", "optional fields: expected True, found False"),
    ],
)
def test_check_does_not_pass_a_wrong_consent_screen(before: str, after: str, words: str) -> None:
    def screen(text: str) -> Page:
        request = httpx2.Request("GET", "http://localhost/authorize")
        return read_page(httpx2.Response(200, html=text, request=request))

    with closing(Journey(Walk(is_silent=True), {})) as journey:
        assert journey.check_screen(screen(SCREEN)) == ["phone_number.a", "student_status.b"]
        with pytest.raises(Unexpected) as caught:
            journey.check_screen(screen(SCREEN.replace(before, after)))
    assert words in str(caught.value)


def test_check_waits_for_a_letter_and_says_when_none_came(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = ["No letter yet", "No letter yet", "http://localhost/stop/gra_1/x"]

    def respond(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, html=shown.pop(0) if len(shown) > 1 else shown[0])

    client = httpx2.Client(transport=httpx2.MockTransport(respond))
    walk = Journey(Walk(is_silent=True), {"issuer": "http://localhost"}, person=Browser(client))
    with closing(walk) as journey:
        assert "/stop/gra_1" in journey.wait_for_mail("/stop/gra_").text
        monkeypatch.setattr("gateway.cli.demo.journey.MAIL_WAIT", 0)
        with pytest.raises(Unexpected, match="no letter"):
            journey.wait_for_mail("/another/")


def test_check_ends_with_status_1_and_words_when_it_cannot_begin(
    few: None, empty: Cli, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    shown = empty("demo", "--check", "--data", str(tmp_path / "file"), status=1)
    assert "cannot be made" in shown
    held, begun = steps(shown)
    assert held < begun


# --- filling -------------------------------------------------------------------------------------------------


def test_demo_json_has_what_was_promised(few: None, place_: Place) -> None:
    facts = place_.prepare()
    assert json.loads((place_.folder / "demo.json").read_text()) == facts
    assert (place_.folder / "demo.json").stat().st_mode & 0o777 == 0o600
    assert place_.folder.path.stat().st_mode & 0o777 == 0o700
    assert {"issuer", "partner_app", "clients", "people", "admin"} <= facts.keys()
    assert facts["issuer"] == f"http://localhost:{place_.port}"
    clients = {each["client_id"]: each for each in facts["clients"]}
    assert clients["quizco-web"]["client_secret"].startswith("cg_cs_")
    assert clients["quizco-web"]["redirect_uris"] == [f"{place_.partner_app}/quizco/callback"]
    key = json.loads(Path(clients["campuspress-shop"]["jwks_file"]).read_text())["keys"][0]
    assert "d" in key
    assert clients["campuspress-shop"]["auth_method"] == "private_key_jwt"
    for each in facts["people"]:
        assert set(each) == {"login", "password", "role", "age_band"}
    assert {each["login"]: each["age_band"] for each in facts["people"]}[
        "meera.iyer@lakeside.example"
    ] == "under_13"
    assert facts["admin"]["password"] in [each["password"] for each in facts["people"]]


def test_a_second_start_reuses_everything_and_takes_new_ports(few: None, place_: Place) -> None:
    before = place_.prepare()
    moved = Place(place_.folder, free_port(), free_port())
    after = moved.prepare()
    assert after["people"] == before["people"]
    assert after["clients"][1]["client_secret"] == before["clients"][1]["client_secret"]
    assert after["clients"][1]["redirect_uris"] == [f"{moved.partner_app}/quizco/callback"]
    assert place_.prepare() == before


def test_a_start_that_was_interrupted_goes_on(
    few: None, place_: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plug may be pulled between any two steps: the next start ends with working log-ins and secrets."""
    for name in ("import_people", "submit_manifest", "new_client_secret", "keep_passwords"):
        with monkeypatch.context() as patch:

            async def pulled(*_: Any, **__: Any) -> None:
                raise KeyboardInterrupt

            def pulled_at_once(*_: Any) -> None:
                raise KeyboardInterrupt

            patch.setattr(content, name, pulled_at_once if name == "keep_passwords" else pulled)
            with pytest.raises(KeyboardInterrupt):
                place_.prepare(reset=True)
        assert place_.prepare()["filled"] is True


def test_reset_deletes_what_the_demonstration_made_and_nothing_else(few: None, place_: Place) -> None:
    before = place_.prepare()
    (place_.folder / "mine.txt").write_text("mine")
    (place_.folder / "mail").mkdir()
    (place_.folder / "mail" / "1.eml").write_text("")
    after = place_.prepare(reset=True)
    assert (place_.folder / "mine.txt").read_text() == "mine"
    assert not (place_.folder / "mail").exists()
    assert after["admin"]["password"] != before["admin"]["password"]
    (place_.folder / "mine.txt").unlink()
    place_.folder.clear()
    assert not place_.folder.path.exists()


def test_reset_of_a_folder_that_is_not_ours_deletes_nothing(few: None, place_: Place) -> None:
    place_.folder.make()
    (place_.folder / "partner.json").write_text("{}")
    (place_.folder / "demo.json").write_text('{"mine": 1}')
    with pytest.raises(CommandFault, match=r"is not a demonstration's"):
        place_.prepare(reset=True)
    (place_.folder / "demo.json").write_text("{")
    with pytest.raises(CommandFault, match="cannot be read"):
        place_.prepare()
    assert (place_.folder / "partner.json").exists()


def test_a_database_of_somebody_else_is_left_alone(few: None, place_: Place, sqlite_url: str) -> None:
    with pytest.raises(CommandFault, match="holds something that no demonstration here made"):
        Place(place_.folder, 1, 2, sqlite_url).prepare()
    assert not (place_.folder / "demo.json").exists()
    place_.prepare()
    with pytest.raises(CommandFault, match="belongs to a demonstration over another database"):
        Place(place_.folder, 1, 2, sqlite_url).prepare()


def test_a_partner_that_was_stopped_stays_so(
    few: None, place_: Place, cli: Cli, environment: Callable[..., None]
) -> None:
    place_.prepare()
    settings = place_.settings
    environment(database_url=settings.database, data_dir=settings.data_dir)
    cli("partner", "pause", "quizco")
    cli("partner", "end", "campuspress", "--reason", "partner_ended", "--yes")
    Place(place_.folder, free_port(), free_port()).prepare()
    states = {each["partner_id"]: each["state"] for each in cli.json("partner", "list")}
    assert states == {"quizco": "paused", "campuspress": "paused", "tutorloop": "live"}
    assert cli.json("partner", "show", "campuspress")["ends_at"], (
        "its end can be called off for a day, and stands"
    )


def test_a_list_with_faults_is_told(
    few: None, samples: Path, place_: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = place_.folder.path.parent / "broken"
    (broken / "demo").mkdir(parents=True)
    for name in ("people.csv", "organisations.csv"):
        text = (samples / "demo" / name).read_text(encoding="utf-8").replace("+919000000101", "123")
        (broken / "demo" / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(content, "deploy_folder", lambda: broken)
    with pytest.raises(CommandFault, match=r"people.csv has faults:\n  line 2, phone_number"):
        place_.prepare()


def test_the_samples_are_those_of_a_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert deploy_folder() == ROOT / "deploy"
    assert [name for name, _ in sample_manifests()] == ["campuspress.toml", "quizco.toml", "tutorloop.toml"]
    monkeypatch.setattr(content, "ROOT", tmp_path)
    with pytest.raises(CommandFault, match="needs the folder deploy/ of a checkout"):
        deploy_folder()


@pytest.mark.parametrize("today", [date(2026, 11, 22), date(2027, 5, 28), date(2031, 2, 28)])
def test_the_course_of_the_demonstration_has_not_ended_whenever_it_is_set_up(today: date) -> None:
    """A later start keeps the day that consents name, until that day has come."""
    ends_on = content.course_end("", today)
    assert content.course_end(ends_on, today) == ends_on
    assert content.course_end(ends_on, date.fromisoformat(ends_on)) > ends_on
    texts = [content.at_present(text, "http://localhost:1", ends_on) for _, text in sample_manifests()]
    (offer,) = [
        offer for text in texts for offer in tomllib.loads(text)["offer"] if "course_ends_on" in offer
    ]
    [term] = [
        each
        for each in terms(_offer_of(texts[-1], offer["offer_id"]), seconds_of(today))
        if each.kind == "course"
    ]
    assert term.until == seconds_of(date.fromisoformat(ends_on)) + DAY - 1


def seconds_of(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY


def _offer_of(text: str, offer_id: str) -> Offer:
    manifest = parse_manifest(text, file="sample", files={}, allow_loopback=True)
    return next(each for each in manifest.offers if each.offer_id == offer_id)


def test_the_demonstration_shows_reads_a_course_and_a_private_address(few: None, place_: Place) -> None:
    """What the gateway can do is there to be seen: so many reads, until the course ends, a private address."""
    place_.prepare()
    facts = json.loads((place_.folder / "demo.json").read_text())
    assert [each["name"] for each in facts["clients"]] == ["campuspress", "quizco", "tutorloop"]
    text = dict(sample_manifests())["tutorloop.toml"]
    offer = _offer_of(
        content.at_present(text, place_.partner_app, facts["course_ends_on"]), "course-questions"
    )
    kinds = {each.kind for each in terms(offer, system_clock())}
    assert {"reads", "course"} <= kinds
    assert any(Form.RELAY in each.forms for each in offer.items)
    assert place_.settings.relay_domain


def test_everybody_worth_trying_is_on_the_list() -> None:
    found = {each.login: each for each in list_people(1_795_305_600)}
    assert command.WORTH_TRYING.keys() <= found.keys()
    others = {Role(found[login].role) for login in command.WORTH_TRYING} - {
        Role.STUDENT,
        Role.PROFESSOR,
    }
    assert others == set(Role) - {Role.STUDENT, Role.PROFESSOR}
    assert found["cian.obyrne@northfield.example"].age_band == "16_to_17"
    assert found["ben.okafor@lakeside.example"].age_band == "unknown"


def test_passwords_differ_and_are_good_enough() -> None:
    made = {new_password() for _ in range(200)}
    assert len(made) == 200
    assert not any(password_faults(each) for each in made)


def test_the_demonstration_uses_nothing_of_another_installation(
    place_: Place, environment: Callable[..., None], tmp_path: Path
) -> None:
    environment(
        key_ring=tmp_path / "real.json",
        database_url="postgresql://real",
        smtp_url="smtp://real:25",
        environment="production",
    )
    settings: Settings = place_.settings
    assert settings.key_ring_path == place_.folder / "key-ring.json"
    assert settings.database.startswith(f"sqlite:///{place_.folder.path}")
    assert (settings.smtp_url, settings.environment) == ("", "development")


# --- serving -------------------------------------------------------------------------------------------------


def start(folder: Path, port: int, partner_port: int, *words: str) -> subprocess.Popen[str]:
    """Start a demonstration in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "gateway",
        "demo",
        "--port",
        str(port),
        "--partner-port",
        str(partner_port),
    ]
    return subprocess.Popen(
        [*command, "--data", str(folder), *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ready_facts(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait until a demonstration says that it runs; give what stands in its file."""
    assert process.stdout is not None
    said = ""
    while "}" not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    ready = json.loads(said[said.index("{") :])
    assert ready["ready"] is True
    facts: dict[str, Any] = json.loads(Path(ready["demo_json"]).read_text())
    return facts


def is_open(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE):
            return True
    except OSError:
        return False


def test_it_runs_until_it_is_told_to_end(few: None, place_: Place) -> None:
    """Prints addresses and log-ins, answers, and takes both children along when it ends."""
    place_.prepare()
    with start(place_.folder.path, place_.port, place_.partner_port, "--json") as process:
        facts = ready_facts(process)
        assert httpx2.get(f"{facts['issuer']}/ready", trust_env=False, timeout=PATIENCE).status_code == 200
        assert (
            httpx2.get(f"{facts['partner_app']}/quizco", trust_env=False, timeout=PATIENCE).status_code == 200
        )
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    assert not any(map(is_open, (place_.port, place_.partner_port)))


def test_its_children_end_when_it_is_killed(few: None, place_: Place) -> None:
    """Nobody can end them in order then; they notice by themselves."""
    place_.prepare()
    with start(place_.folder.path, place_.port, place_.partner_port, "--json") as process:
        ready_facts(process)
        process.kill()
    until(lambda: not any(map(is_open, (place_.port, place_.partner_port))), "a child lives on")


def test_the_leash_ends_a_program_at_the_end_of_its_input(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = []
    monkeypatch.setattr(os, "kill", lambda *given: ended.append(given))
    reading, writing = os.pipe()
    os.write(writing, b"?")
    os.close(writing)
    leash.end_with(reading)
    os.close(reading)
    assert ended == [(os.getpid(), signal.SIGTERM)]


def test_the_leash_runs_what_is_named_with_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "leashed.py").write_text("import sys; print(__name__, sys.argv[1:])")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["leash", "leashed", "--port", "1"])
    held = threading.Event()
    monkeypatch.setattr(leash, "end_with", lambda _: held.set())
    with (tmp_path / "leashed.py").open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        leash.main()
    assert held.wait(PATIENCE)
    assert capsys.readouterr().out == "__main__ ['--port', '1']\n"


def test_it_shows_addresses_and_log_ins(
    few: None, empty: Cli, place_: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def nothing_runs(self: Place) -> Iterator[Children]:
        yield Children(ROOT)

    def stop_at_once(self: Children) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)

    monkeypatch.setattr(Place, "running", nothing_runs)
    monkeypatch.setattr(Children, "watch", stop_at_once)
    ports = ("--port", str(place_.port), "--partner-port", str(place_.partner_port))
    shown = empty("demo", "--data", str(place_.folder.path), *ports)
    assert f"http://localhost:{place_.partner_port}/quizco" in shown
    for each in place_.folder.read()["people"]:
        assert (each["login"] in shown) == (each["login"] in command.WORTH_TRYING)
        assert (each["password"] in shown) == (each["login"] in command.WORTH_TRYING)
    assert "stopped; the next start goes on" in shown


def test_a_check_that_is_interrupted_is_status_130(
    few: None, empty: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)

    monkeypatch.setattr(Place, "prepare", interrupted)
    empty("demo", "--check", status=130)


@pytest.mark.parametrize("option", ["--port", "--partner-port"])
def test_a_port_that_is_taken_is_told_before_anything_is_made(
    empty: Cli, tmp_path: Path, option: str
) -> None:
    other = {"--port": "--partner-port", "--partner-port": "--port"}[option]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = (option, str(taken.getsockname()[1]), other, str(free_port()))
        empty("demo", "--data", str(tmp_path / "d"), *ports, status=1)
    assert f"choose another port with {option}" in empty.said
    assert not (tmp_path / "d").exists()


def test_a_child_that_ends_is_told_with_its_last_words(tmp_path: Path) -> None:
    ending = "print('last words'); raise SystemExit(3)"
    with Children(ROOT) as children:
        children.start("child", tmp_path / "child.log", ["-c", ending])
        with pytest.raises(
            CommandFault, match=r"(?s)the child ended with status 3; .*child.log says:\nlast words"
        ):
            children.watch()


def test_a_child_that_does_not_answer_is_told_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "START_WITHIN", 0.3)
    monkeypatch.setattr(processes, "STOP_WITHIN", 0.5)
    ignore = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    stubborn = f"{ignore}; print('up', flush=True); time.sleep({PATIENCE})"
    with Children(ROOT) as children:
        child = children.start("child", tmp_path / "child.log", ["-c", stubborn])
        until(lambda: "up" in child.log.read_text(), "the child did not start")
        with pytest.raises(CommandFault, match=r"the child did not answer within 0.3 s"):
            children.wait_for(child, f"http://127.0.0.1:{free_port()}/")
    assert child.process.returncode == -signal.SIGKILL


def test_a_second_signal_does_not_interrupt_the_end() -> None:
    ended = []
    with stopping():
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            ended.append(True)
    assert ended == [True]
    assert issubclass(Stopped, KeyboardInterrupt)


# --- steps ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Unexpected("a: expected 1, found 2"), "a: expected 1, found 2"),
        (LookupError("no form"), "no form"),
        (httpx2.ConnectError("refused"), "no usable answer (ConnectError: refused)"),
        (Refusal("not_found", detail="unknown"), "There is nothing here. (unknown)"),
    ],
)
def test_a_step_that_fails_ends_the_walk_with_words(
    error: Exception, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    walk = Walk()
    with walk.step("one"):
        pass
    with pytest.raises(WalkEnded), walk.step("two"):
        raise error
    assert not walk.ok
    assert walk.steps[-1].detail == words
    shown = capsys.readouterr().out
    assert "✓ one" in shown
    assert "✗ two" in shown


def test_expectations_say_both_sides() -> None:
    expect("x", 1, 1)
    with pytest.raises(Unexpected, match="x: expected 1, found 2"):
        expect("x", 1, 2)


def test_every_partner_of_the_demonstration_has_its_colour() -> None:
    assert set(COLOURS) == {path.stem for path in PARTNERS.glob("*.toml")}
