"""`partner`: from a manifest to a live partner, the brake, secrets."""

import shlex
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.actions.partners.submission import Submitted
from tests.gateway.cli.conftest import Cli
from tests.partners.samples import read_quizco
from tests.world import PARTNERS, QUIZCO_SECRET, campuspress_jwks

NEW = (
    (PARTNERS / "quizco.toml")
    .read_text()
    .replace("quizco", "otherco")
    .replace("practice-quizzes", "other-quizzes")
)
LONGER = (PARTNERS / "quizco.toml").read_text().replace("retention_days = 30", "retention_days = 60")


def write(folder: Path, text: str) -> str:
    file = folder / "manifest.toml"
    file.write_text(text)
    return str(file)


def all_read(cli: Cli, partner_id: str = "quizco") -> list[str]:
    """Spell the options of somebody who has read every text."""
    review = cli.json("partner", "show", partner_id)["review"]
    ticks = [part for each in review["texts"] if each["words"] for part in ("--text-read", each["key"])]
    return ["--texts-read", review["texts_digest"], *ticks]


def test_a_partner_goes_from_a_manifest_to_live(cli: Cli, tmp_path: Path) -> None:
    file = write(tmp_path, NEW)
    shown = cli("partner", "submit", file)
    assert "otherco: manifest 1 waits for a review" in shown
    assert "the newest manifest says the same" in cli("partner", "submit", file)
    assert "is in review" in cli("partner", "review", "otherco")
    seen = cli("partner", "show", "otherco")
    assert "Practice quizzes: version 1, new version" in seen
    assert "partner approve otherco --manifest 1" in seen
    assert "otherco is live; new: other-quizzes version 1" in cli(
        "partner", "approve", "otherco", "--manifest", "1", *all_read(cli, "otherco")
    )
    listed = {each["partner_id"]: each for each in cli.json("partner", "list")}
    assert listed["otherco"]["state"] == "live"
    assert listed["otherco"]["pending_manifest"] is None
    assert "approve_partner" in cli("partner", "show", "otherco")


def test_what_is_not_to_be_approved_yet_says_why_and_which_command_is_next(cli: Cli, tmp_path: Path) -> None:
    """Each step names the next one, from a draft to live: nobody has to guess, and nobody is told a wrong reason."""
    cli("partner", "submit", write(tmp_path, NEW))
    for words in ((), ("--manifest", "1", "--texts-read", "0")):
        cli("partner", "approve", "otherco", *words, status=1)
        assert "otherco is a draft. First: consent-gateway partner review otherco" in cli.said
    assert "Next: consent-gateway partner review otherco" in cli("partner", "show", "otherco")
    assert "Next: consent-gateway partner show otherco" in cli("partner", "review", "otherco")
    cli("partner", "approve", "otherco", *all_read(cli, "otherco"), status=1)
    assert "--manifest is missing" in cli.said
    assert "'consent-gateway partner show otherco' ends with the whole command" in cli.said
    [command] = [line for line in cli("partner", "show", "otherco").splitlines() if line.startswith("Next: ")]
    cli(*shlex.split(command)[2:])
    for more in ((), ("--manifest", "1")):
        cli("partner", "approve", "otherco", *more, status=1)
        assert "otherco is live, and no manifest waits" in cli.said
    assert "Next:" not in cli("partner", "show", "otherco")


def test_a_paused_an_ending_and_an_ended_partner_are_not_approved_and_say_so(
    cli: Cli, tmp_path: Path, sqlite_url: str
) -> None:
    cli("partner", "submit", write(tmp_path, LONGER))
    cli("partner", "pause", "quizco")
    cli("partner", "approve", "quizco", status=1)
    assert "quizco is paused. First: consent-gateway partner resume quizco" in cli.said
    cli("partner", "end", "quizco", "--reason", "partner_ended", "--yes")
    cli("partner", "approve", "quizco", "--manifest", "2", status=1)
    assert "quizco ends for good: 'consent-gateway partner call-off quizco' comes first" in cli.said
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as database, database:
        database.execute("UPDATE partner SET state = 'ended', ends_at = NULL WHERE partner_id = 'quizco'")
    cli("partner", "approve", "quizco", "--manifest", "2", status=1)
    assert cli.said.rstrip().endswith("nothing was approved: quizco is ended.")


def test_where_two_have_to_approve_the_command_line_is_one(
    cli: Cli, environment: Callable[..., None], tmp_path: Path
) -> None:
    """However often it says yes; the second one is somebody on the administrators' pages."""
    environment(go_live_approvals=2)
    cli("partner", "submit", write(tmp_path, LONGER))
    for _ in range(2):
        cli("partner", "approve", "quizco", "--manifest", "2", *all_read(cli))
        assert "somebody else has to approve manifest 2 too" in cli.said
    assert cli.json("partner", "show", "quizco")["is_approvable"] is True


def test_a_newer_manifest_is_rejected_and_what_is_live_stays(cli: Cli, tmp_path: Path) -> None:
    cli("partner", "submit", write(tmp_path, LONGER))
    assert "what is live stays" in cli("partner", "reject", "quizco", "--manifest", "2", "--why", "Too long.")
    assert cli.json("partner", "show", "quizco")["review"] is None


def test_a_changed_offer_is_shown_with_its_weight(cli: Cli, tmp_path: Path) -> None:
    assert cli.json("partner", "submit", write(tmp_path, LONGER)) == {
        "partner_id": "quizco",
        "version": 2,
        "dropped": [],
    }
    shown = cli("partner", "show", "quizco")
    assert "version 2, new version, material: people decide anew" in shown
    assert "retention_days: 30 → 60" in shown
    found = cli.json("partner", "show", "quizco")
    assert found["is_approvable"] is True
    assert found["review"]["offers"][0]["is_material"] is True
    assert "quizco" in cli("partner", "list")
    cli("partner", "approve", "quizco", "--manifest", "1", status=1)
    assert "This changed in the meantime" in cli.said


def test_the_same_offer_again_is_nothing_new(cli: Cli, tmp_path: Path) -> None:
    text = (PARTNERS / "quizco.toml").read_text().replace("QuizCo website", "QuizCo web site")
    cli("partner", "submit", write(tmp_path, text))
    assert "version 1, unchanged" in cli("partner", "show", "quizco")
    shown = cli("partner", "approve", "quizco", "--manifest", "2", *all_read(cli))
    assert "nothing that people would be told" in shown


def test_every_fault_of_a_manifest_is_told(cli: Cli, tmp_path: Path) -> None:
    text = NEW.replace("results_delivery", "direct_marketing").replace('country = "IE"', 'country = "Eire"')
    cli("partner", "submit", write(tmp_path, text), status=1)
    assert "the manifest has 2 fault(s)" in cli.said
    assert "direct_marketing" in cli.said
    assert "partner.country" in cli.said


def test_a_manifest_that_cannot_go_live_says_why(cli: Cli, tmp_path: Path) -> None:
    text = NEW.replace('forms = ["masked", "full"]', 'forms = ["relay", "full"]', 1)
    cli("partner", "submit", write(tmp_path, text))
    cli("partner", "review", "otherco")
    assert "private addresses are not available here" in cli("partner", "show", "otherco")
    cli("partner", "approve", "otherco", "--manifest", "1", status=1)
    assert "the manifest cannot go live as it is" in cli.said


def test_files_beside_the_manifest_are_read(cli: Cli, tmp_path: Path) -> None:
    manifest = str(PARTNERS / "campuspress.toml")
    cli("partner", "submit", manifest, status=1)
    assert "campuspress.jwks.json cannot be read" in cli.said
    (tmp_path / "campuspress.jwks.json").write_text(campuspress_jwks())
    assert (
        cli.json("partner", "submit", manifest, "--files-dir", str(tmp_path))["partner_id"] == "campuspress"
    )
    (tmp_path / "campuspress.jwks.json").write_bytes(b"\xff\xfe")
    cli("partner", "submit", manifest, "--files-dir", str(tmp_path), status=1)
    assert "is not UTF-8 text" in cli.said


def test_the_brake_is_pulled_and_released(cli: Cli) -> None:
    cli("partner", "pause", "quizco", "--reason", "security_incident")
    assert cli.json("partner", "show", "quizco")["state"] == "paused"
    cli("partner", "pause", "quizco", status=1)
    cli("partner", "resume", "quizco")
    found = cli.json("partner", "show", "quizco")
    assert found["state"] == "live"
    assert found["review"] is None
    # Both acts may bear the same second, so their order says nothing.
    assert {("pause_partner", "security_incident"), ("resume_partner", None)} <= {
        (each["action"], each["reason"]) for each in found["actions"]
    }


def test_a_manifest_in_review_is_given_back(cli: Cli, tmp_path: Path) -> None:
    cli("partner", "submit", write(tmp_path, NEW))
    cli("partner", "review", "otherco")
    assert "is a draft again" in cli("partner", "return", "otherco")


def test_ending_a_partner_asks_first(cli: Cli) -> None:
    ending = ("partner", "end", "quizco", "--reason", "partner_ended")
    cli(*ending, status=1, answer="n\n")
    assert "with 0 consents of 0 people" in cli.said
    assert cli.json("partner", "show", "quizco")["state"] == "live"
    assert "ends in a day" in cli(*ending, "--yes")
    found = cli.json("partner", "show", "quizco")
    assert (found["moves"], found["can_end"]) == ([], False)
    assert "unless 'partner call-off' comes first" in cli("partner", "show", "quizco")
    assert "as it was before" in cli("partner", "call-off", "quizco")
    assert cli.json("partner", "show", "quizco")["state"] == "live"


def test_where_it_takes_two_ending_a_partner_waits(cli: Cli, environment: Callable[..., None]) -> None:
    environment(go_live_approvals=2)
    said = cli("partner", "end", "quizco", "--reason", "partner_ended", "--why", "It is over", "--yes")
    assert "waits for an administrator" in said
    assert "waits for a second person" in cli("partner", "show", "quizco")
    assert cli.json("partner", "show", "quizco")["state"] == "live"


def test_an_unknown_partner_is_told(cli: Cli) -> None:
    cli("partner", "show", "nobody", status=1)
    assert "(unknown partner)" in cli.said


def test_a_new_secret_is_shown_once_and_replaces_the_old_one(cli: Cli) -> None:
    found = cli.json("partner", "secret", "quizco-web")
    assert found["client_id"] == "quizco-web"
    assert found["client_secret"].startswith("cg_cs_")
    assert found["client_secret"] != QUIZCO_SECRET
    assert "cg_cs_" in cli("partner", "secret", "quizco-web")
    assert found["client_secret"] not in cli("partner", "show", "quizco")


@pytest.mark.parametrize("client_id", ["nobody", "campuspress-shop"])
def test_only_a_client_that_has_a_secret_gets_a_new_one(cli: Cli, client_id: str) -> None:
    cli("partner", "secret", client_id, status=1)


def test_a_client_is_retired_with_a_reason_and_only_its_own_partners(cli: Cli) -> None:
    command = ("partner", "retire-client", "quizco-web", "--reason", "partner_breach", "--partner")
    cli(*command, "campuspress", status=1)
    assert "its tokens are dead" in cli(*command, "quizco")
    cli(*command, "quizco", status=1)
    cli("partner", "secret", "quizco-web", status=1)


def test_what_is_unusual_is_pointed_out(cli: Cli, tmp_path: Path) -> None:
    text = LONGER.replace('storage_countries = ["IE"]', 'storage_countries = ["IE", "US"]')
    cli("partner", "submit", write(tmp_path, text))
    assert "look at partner.storage_countries: data is kept outside" in cli("partner", "show", "quizco")


def test_a_registration_token_is_shown_once(cli: Cli) -> None:
    """RFC 7591 §3: with it the partner registers clients, which wait for approval."""
    found = cli.json("partner", "registration-token", "quizco")
    assert found["initial_access_token"].startswith("cg_rg_")
    assert "cg_rg_" in cli("partner", "registration-token", "quizco")
    cli("partner", "registration-token", "nobody", status=1)


def test_a_nonce_instead_of_pkce_is_allowed_with_a_reason_and_taken_back(cli: Cli) -> None:
    said = cli("partner", "nonce-instead", "quizco-web", "--reason", "an old library")
    assert "quizco-web may send a nonce" in said
    acts = [each["action"] for each in cli.json("partner", "show", "quizco")["actions"]]
    assert "allow_nonce" in acts
    assert "has to send a code challenge again" in cli("partner", "demand-pkce", "quizco-web")
    cli("partner", "nonce-instead", "campuspress-shop", "--reason", "no", status=1)


def test_a_client_that_a_manifest_leaves_out_is_named(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had registered itself for a service that is gone."""

    async def leaves_out(*_: object) -> Submitted:
        return Submitted(2, "quizco", read_quizco(), ("quizco-mobile",))

    monkeypatch.setattr("gateway.cli.partners.command.submit_manifest", leaves_out)
    assert "left out quizco-mobile" in cli("partner", "submit", write(tmp_path, LONGER))


def test_what_people_will_read_is_read_first(cli: Cli, tmp_path: Path) -> None:
    """The words that were found are shown when it is handed in and before the approval, each is ticked by its key."""
    text = LONGER.replace('benefit = "QuizCo builds', 'benefit = "Special offers: QuizCo builds')
    assert "offer[0].benefit: “Special offers” (en, 1)" in cli("partner", "submit", write(tmp_path, text))
    shown = cli("partner", "show", "quizco")
    assert "Texts that people read" in shown
    assert "found “Special offers” (en, 1)" in shown
    whole = ["partner", "approve", "quizco", "--manifest", "2"]
    cli(*whole, status=1)
    assert "--texts-read is missing" in cli.said
    assert "--text-read 'offer[0].benefit' is missing" in cli.said
    digest = cli.json("partner", "show", "quizco")["review"]["texts_digest"]
    cli(*whole, "--texts-read", digest, status=1)
    assert "--texts-read is missing" not in cli.said
    assert "is live" in cli(*whole, "--texts-read", digest, "--text-read", "offer[0].benefit")
