"""One operation for one effect: what a page does and what a command does are the same, in rows, record and letters.

Each act of an administrator that both can do is done twice by each, in a world of its own. Whom a second try is refused
by one way, it is refused by the other. Guardians, whom a list can name too, are in ``guardians/test_rules.py``.
"""

import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.actions.administration.people_import import Importer, import_people
from gateway.actions.administration.person_stops import deactivate
from gateway.actions.partners.ends import end_partner
from gateway.actions.partners.moves import PartnerMove, move_partner
from gateway.actions.partners.pkce_switch import switch_to_nonce
from gateway.actions.partners.submission import submit_manifest
from gateway.cli import commands
from gateway.cli.accounts import people
from gateway.cli.administration import waiting
from gateway.cli.browser import Browser, Page
from gateway.cli.consent import consents
from gateway.cli.partners import command, review
from gateway.model.administration.acts import AdminAct
from gateway.model.administration.waiting import Administrator
from gateway.model.grants import ReasonCode
from gateway.store.engine.registry import look_at_registry
from gateway.store.tables import metadata
from tests.gateway.actions.partners.test_partners import NEWCOMER, texts_read
from tests.gateway.store.samples import act, rows
from tests.gateway.web.administration.test_pages import all_read, as_, grant_page, submit
from tests.gateway.web.administration.test_waiting import asked, open_first
from tests.gateway.web.authentication.test_factor_rule import with_code
from tests.gateway.web.partners.test_go_live import with_two
from tests.world import World, copy_sqlite, serve

QUIZCO, LABTIME, PEOPLE = "/admin/partners/quizco", "/admin/partners/labtime", "/admin/people"
WHY = {"reason": "partner_breach"}
SCHOOL = {"reason": "school_policy"}
ADMIN = "admin@platform.example"
"""Acts on the pages: who asks is not written to as one who may agree."""
SAM, NEW, ASHA = "support@platform.example", "new@lakeside.example", "asha@lakeside.example"
HEADING = "organisation,role,email,name\n"
LISTED = f"{HEADING}lakeside,professor,{NEW},New\nplatform,auditor,eve@evil.example,Eve\nlakeside,cook,x,Y\n"
OWN = {"session", "throttle", "credential", "one_time_password", "recovery_code", "spent_challenge", "person"}
"""Tables in which logging in at a browser leaves its traces; people are compared by their roles and states."""
LOOKS = {"search_grants", "see_grant", "see_person"}
"""Acts that a page puts on record on the way to its form."""
Press = tuple[str, str, dict[str, Any]]
"""A page, the end of a form's address on it, and what is chosen."""


@dataclass(frozen=True)
class Effect:
    """One effect by two ways.

    Attributes:
        command: the words of the command line; places are filled in with ids.
        press: what is done on which page, where a plain form does it.
        do: does it on a page otherwise.
    """

    command: str
    press: Press | None = None
    do: Callable[[World, Browser], object] | None = None
    before: Callable[[World], object] = lambda _: None


def newcomer(world: World) -> None:
    world.run(submit_manifest, world.services, NEWCOMER, "labtime.toml", {}, "cli")


def in_review(world: World) -> None:
    newcomer(world)
    world.run(move_partner, world.services, "cli", "labtime", PartnerMove.REVIEW, None)


def paused(world: World) -> None:
    world.run(move_partner, world.services, "cli", "quizco", PartnerMove.PAUSE, None)


def changed(world: World) -> None:
    submit(world, ("retention_days = 30", "retention_days = 20"))


def changed_for_two(world: World) -> None:
    changed(with_two(world))


def ending(world: World) -> None:
    world.run(end_partner, world.services, Administrator("cli"), "quizco", ReasonCode.PARTNER_BREACH, "")


def with_nonce(world: World) -> None:
    world.run(switch_to_nonce, world.services, "cli", world.quizco, "old")


def over_tls(world: World) -> None:
    act(
        world,
        "UPDATE client SET content = replace(content, 'http:', 'https:') WHERE client_id = 'quizco-web'",
    )
    act(world, "UPDATE registry_version SET version = version + 1")
    world.store(look_at_registry, None)


def invited(world: World) -> None:
    content = f"{HEADING}lakeside,professor,{NEW},New\n".encode()
    world.run(import_people, world.services, content, Importer("cli"))


def deactivated(*emails: str) -> Callable[[World], None]:
    def before(world: World) -> None:
        for each in map(world.person_id, emails):
            world.run(deactivate, world.services, Administrator("cli"), each, ReasonCode.SCHOOL_POLICY)

    return before


def approve(world: World, browser: Browser) -> Page:
    page = browser.open(QUIZCO)
    return browser.submit(page, "/approve", all_read(page))


def revoke(world: World, browser: Browser) -> Page:
    return browser.submit(grant_page(browser), "/revoke", {"reason": "user_request", "delete": "yes"})


def upload(world: World, browser: Browser) -> object:
    form = dict(browser.open(PEOPLE).form("/import").fields)
    file = {"file": ("list.csv", LISTED.encode(), "text/csv")}
    return browser._client.post(f"{PEOPLE}/import", data=form, files=file)


def invite(world: World, browser: Browser) -> Page:
    return browser.submit(browser.open(f"{PEOPLE}/{world.person_id(NEW)}"), "/invite")


def dealt(word: str) -> Callable[[World, Browser], object]:
    return lambda _, browser: browser.submit(open_first(browser), f"/{word}")


def ask_at_page(world: World) -> None:
    asked(world, by="officer")


ROLE_PAGE, FACTOR_PAGE = f"{PEOPLE}/{{sam}}/role", f"{PEOPLE}/{{sam}}/factor"
APPROVE = "partner approve quizco --manifest 2 --texts-read {texts}"
EFFECTS = {
    AdminAct.PAUSE_PARTNER: Effect("partner pause quizco --reason partner_breach", (QUIZCO, "/pause", WHY)),
    AdminAct.RESUME_PARTNER: Effect(
        "partner resume quizco", (QUIZCO, "/resume", {"reason": ""}), before=paused
    ),
    AdminAct.REVIEW_PARTNER: Effect("partner review labtime", (LABTIME, "/review", {}), before=newcomer),
    AdminAct.RETURN_PARTNER: Effect("partner return labtime", (LABTIME, "/return", {}), before=in_review),
    AdminAct.APPROVE_MANIFEST: Effect(APPROVE, do=approve, before=changed),
    AdminAct.REJECT_MANIFEST: Effect(
        "partner reject quizco --manifest 2 --why no", (QUIZCO, "/reject", {"why": "no"}), before=changed
    ),
    AdminAct.END_PARTNER: Effect(
        "partner end quizco --yes --reason partner_breach", (QUIZCO, "/end", {**WHY, "known": "yes"})
    ),
    AdminAct.CALL_OFF_END: Effect("partner call-off quizco", (QUIZCO, "/call-off", {}), before=ending),
    AdminAct.NEW_CLIENT_SECRET: Effect("partner secret quizco-web", (QUIZCO, "/secret", {})),
    AdminAct.RETIRE_CLIENT: Effect(
        "partner retire-client quizco-web --partner quizco --reason partner_breach", (QUIZCO, "/retire", WHY)
    ),
    AdminAct.ALLOW_NONCE: Effect(
        "partner nonce-instead quizco-web --reason old", (QUIZCO, "/nonce", {"why": "old"})
    ),
    AdminAct.ASK_FOR_NEITHER: Effect(
        "partner neither quizco-web --reason old", (QUIZCO, "/neither", {"why": "old"}), before=over_tls
    ),
    AdminAct.DEMAND_PKCE: Effect("partner demand-pkce quizco-web", (QUIZCO, "/pkce", {}), before=with_nonce),
    AdminAct.REVOKE_GRANT: Effect(
        "grant revoke {grant} --reason user_request", do=revoke, before=lambda world: world.tokens()
    ),
    AdminAct.ASK_FOR_ROLE: Effect(
        f"people role {SAM} auditor --why moves", (ROLE_PAGE, "/role", {"role": "auditor", "why": "moves"})
    ),
    AdminAct.ASK_FOR_RESET: Effect(
        f"people reset-factor {SAM} --why lost",
        (FACTOR_PAGE, "/factor", {"why": "lost"}),
        before=lambda world: with_code(world, SAM),
    ),
    AdminAct.IMPORT_PEOPLE: Effect("people import {file}", do=upload),
    AdminAct.INVITE_AGAIN: Effect(f"people invite {NEW}", do=invite, before=invited),
    AdminAct.DEACTIVATE: Effect(
        f"people deactivate {SAM} --reason school_policy", (f"{PEOPLE}/{{sam}}", "/deactivate", SCHOOL)
    ),
    AdminAct.REACTIVATE: Effect(
        f"people reactivate {ASHA} --reason school_policy",
        (f"{PEOPLE}/{{asha}}", "/reactivate", SCHOOL),
        before=deactivated(ASHA),
    ),
    AdminAct.END_SESSIONS: Effect(
        f"people sign-out {SAM}",
        (f"{PEOPLE}/{{sam}}", "/sign-out", {}),
        before=lambda world: world.signed_in(SAM),
    ),
    AdminAct.AGREE: Effect(
        "waiting approve {act} --content {content}", do=dealt("approve"), before=ask_at_page
    ),
    AdminAct.REFUSE: Effect("waiting refuse {act}", do=dealt("refuse"), before=ask_at_page),
}
TWO = {
    AdminAct.APPROVE_MANIFEST: Effect(APPROVE, do=approve, before=changed_for_two),
    AdminAct.END_PARTNER: Effect(
        "partner end quizco --yes --reason partner_breach --why bad",
        (QUIZCO, "/end", {**WHY, "known": "yes", "why": "bad"}),
        before=with_two,
    ),
    AdminAct.REACTIVATE: Effect(
        f"people reactivate {SAM} --reason school_policy",
        (f"{PEOPLE}/{{sam}}", "/reactivate", SCHOOL),
        before=deactivated(SAM),
    ),
}
"""The same where two are needed."""
ONE_WAY = {
    # Looking, by each at its own.
    AdminAct.SEARCH_GRANTS, AdminAct.SEARCH_LOG, AdminAct.SEARCH_COMPLAINTS, AdminAct.SEARCH_PEOPLE,
    # On pages alone.
    AdminAct.ANSWER_COMPLAINT, AdminAct.OPEN_GATE, AdminAct.CLOSE_GATE,
    # By page, command and list, each with all its refusals: guardians/test_rules.py.
    AdminAct.LINK_GUARDIAN, AdminAct.UNLINK_GUARDIAN,
    # Only what was asked for under the same name is taken back.
    AdminAct.WITHDRAW,
}  # fmt: skip


def test_every_act_is_held_against_its_command_or_says_why_not() -> None:
    assert EFFECTS.keys() | ONE_WAY == set(AdminAct)
    assert not EFFECTS.keys() & ONE_WAY


def plain(text: object) -> str:
    """Take out what is chance in every world: ids, secrets and digests."""
    return re.sub(r"\b(?:[a-z]{3}_|cg_[a-z]+_)[\w-]{16,}|\b[0-9a-f]{64}\b", "…", str(text))


def by_page(world: World, effect: Effect, folder: Path) -> str:
    browser = as_(world, "admin")
    if effect.press is not None:
        # The same page twice: what it offered before is refused by whoever decides, not by its absence.
        place, form, chosen = effect.press
        page = browser.open(place.format(sam=world.person_id(SAM), asha=world.person_id(ASHA)))
        for _ in range(2):
            browser.submit(page, form, chosen)
        return "per_"
    assert effect.do is not None
    effect.do(world, browser)
    with suppress(LookupError):
        effect.do(world, browser)
    return "per_"


def by_command(world: World, effect: Effect, folder: Path) -> str:
    file = folder / "list.csv"
    file.write_text(LISTED)
    known: dict[str, object] = {"file": file, "texts": texts_read(world).digest}
    for (grant,) in rows(world, "SELECT grant_id FROM consent_grant"):
        known["grant"] = grant
    for act_id, content in rows(world, "SELECT act_id, content_digest FROM waiting_act"):
        known |= {"act": act_id, "content": content}
    words = [each.format(**known) for each in effect.command.split(" ")]
    for _ in range(2):
        CliRunner().invoke(commands.app, ["--by", "alice", *words])
    return "cli:alice"


def told(world: World, effect: Effect, way: Callable[..., str], folder: Path) -> dict[str, Any]:
    """Do it twice by one way, and give everything that has come of it."""
    effect.before(world)
    world.letters.letters.clear()
    known = [each for (each,) in rows(world, "SELECT action_id FROM admin_action")]
    actor = way(world, effect, folder)
    made = rows(
        world, "SELECT action_id, actor_id, action, target_kind, target_id, reason, detail FROM admin_action"
    )
    new = [each for each in made if each[0] not in known]
    assert any(each[1].startswith(actor) for each in new), new
    return {
        "acts": sorted(plain(each[2:]) for each in new if each[2] not in LOOKS),
        "letters": sorted(
            (each.to, each.subject, plain(each.text)) for each in world.letters.letters if each.to != ADMIN
        ),
        "rows": {
            table: rows(world, f"SELECT count(*) FROM {table}")[0][0]
            for table in metadata.tables.keys() - OWN - {"admin_action", "log_pending", "letter"}
        },
        "people": Counter(map(plain, rows(world, "SELECT role, state, organisation_id FROM person"))),
        "partners": rows(world, "SELECT partner_id, state FROM partner ORDER BY partner_id"),
        "grants": rows(world, "SELECT state, end_reason FROM consent_grant"),
        "waiting": rows(world, "SELECT kind, state, why FROM waiting_act"),
    }


ALL = [*EFFECTS.items(), *TWO.items()]


@pytest.mark.parametrize(
    ("act", "effect"), ALL, ids=[f"{act}{'-two' * (n >= len(EFFECTS))}" for n, (act, _) in enumerate(ALL)]
)
def test_page_and_command_do_the_same(
    act: AdminAct, effect: Effect, sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "configure_logs", lambda: None)
    found = {}
    for way in (by_page, by_command):
        folder = tmp_path / way.__name__
        folder.mkdir()
        with serve(copy_sqlite(sqlite_template, folder), folder) as world:
            for module in (people, command, review, consents, waiting):
                run = lambda work, world=world: world.run(work, world.services)  # noqa: E731 - of this very world
                monkeypatch.setattr(module, "with_services", run)
            found[way.__name__] = told(world, effect, way, folder)
    assert found["by_page"]["acts"], act
    assert found["by_command"] == found["by_page"]
