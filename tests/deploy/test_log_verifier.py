"""The verifier in one file is not talked round by what a log's own key, or another, has signed for another purpose."""

import functools
import hashlib
import importlib.util
import json
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import event, given
from hypothesis import strategies as st

from gateway.ledger.checkpoints import Checkpoint, sign_checkpoint
from gateway.ledger.entries import decode
from gateway.ledger.merkle import leaf_hash
from gateway.ledger.notes import NoteKey, sign_note
from gateway.ledger.tree_check import OrderCheck
from gateway.model.grants import ActorKind, EventType
from tests.gateway.ledger.samples import EMAIL, UNTIL, decided_entry, read_entry
from tests.patience import PATIENCE

FILE = Path(__file__).resolve().parents[2] / "deploy" / "log_verifier.py"
VECTORS = FILE.parents[1] / "docs" / "specs" / "handoff-log-vectors.json"
ORIGIN = "gateway.example/log"
PRIVATE = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
KEY = str(NoteKey(ORIGIN, PRIVATE.public_key().public_bytes_raw()))
ACT: dict[str, Any] = {
    "kind": "admin_action", "id": "act_1", "by": "cli", "action": "look", "target_kind": "log", "target": "all",
    "reason": None, "detail": {}, "at": 1795000000,
}  # fmt: skip


def spelled(entry: dict[str, Any]) -> bytes:
    return json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()


def proof_of(entry: bytes, origin: str = ORIGIN) -> dict[str, Any]:
    """A log of one entry."""
    text = Checkpoint(origin, 1, leaf_hash(entry)).body
    return {
        "index": 0,
        "entry": entry.decode(),
        "proof": [],
        "checkpoint": sign_note(text, ORIGIN, PRIVATE),
        "keys": [],
    }


def run(file: Path, *words: object) -> tuple[int, str]:
    command = [sys.executable, FILE, file, "--key", KEY, *words]
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, timeout=PATIENCE)
    return done.returncode, done.stdout + done.stderr


def said(folder: Path, record: dict[str, Any], *words: object) -> tuple[int, str]:
    file = folder / "proof.json"
    file.write_text(json.dumps(record))
    return run(file, *words)


def test_a_log_of_one_act_holds(tmp_path: Path) -> None:
    assert said(tmp_path, proof_of(spelled(ACT)))[0] == 0
    assert decode(spelled(ACT)) == ACT


TWO_FACES = b'{"grant":"gra_1",' + spelled(ACT)[1:-1] + b',"kind":"handoff"}'


@pytest.mark.parametrize(
    "entry",
    [
        TWO_FACES,
        spelled({**ACT, "kind": "nothing"}),
        json.dumps(ACT, sort_keys=True).encode(),
        b"[]",
        b"no JSON",
    ],
)
def test_an_entry_has_one_spelling_and_one_reading(entry: bytes, tmp_path: Path) -> None:
    """Signed and in its place, and yet refused: two readers could read two things."""
    assert said(tmp_path, proof_of(entry)) == (1, "✗ entry 0: it is no entry of this log\n")
    with pytest.raises(ValueError, match=r"entry|JSON|Expecting"):
        decode(entry)


@pytest.mark.parametrize("entry", [spelled({**ACT, "note": "x"}), spelled({"kind": "admin_action"})])
def test_an_entry_has_the_keys_of_its_kind_and_no_other(entry: bytes, tmp_path: Path) -> None:
    assert said(tmp_path, proof_of(entry))[0] == 1


def test_a_checkpoint_of_another_log_under_the_same_key_is_refused(tmp_path: Path) -> None:
    status, text = said(tmp_path, proof_of(spelled(ACT), "other.example/log"))
    assert (status, text) == (1, "✗ checkpoint: it is not signed with this key\n")


def test_a_kept_checkpoint_beside_one_proof_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    """Nothing could be compared: then it must not say that all is well."""
    kept = tmp_path / "kept"
    kept.write_text(sign_checkpoint(Checkpoint(ORIGIN, 1, b"f" * 32), PRIVATE))
    status, text = said(tmp_path, proof_of(spelled(ACT)), "--checkpoint", kept)
    assert status == 2
    assert "--checkpoint needs an archive" in text


def test_a_note_that_is_no_archives_does_not_vouch_for_one(tmp_path: Path) -> None:
    """The log's key signs several kinds of notes; each begins with what it is, and of which log."""
    record = proof_of(spelled(ACT))
    line = json.dumps({name: record[name] for name in ("index", "entry", "proof")}).encode() + b"\n"
    digest = hashlib.sha256(line).hexdigest()
    for head, origin, expected in (
        ("consent-gateway/archive/v1", ORIGIN, 0),
        ("consent-gateway/archive/v2", ORIGIN, 1),
        ("consent-gateway/archive/v1", "other.example/log", 1),
    ):
        text = f"{head}\n{origin}\nentries 1\nsha256 {digest}\n"
        members = {
            "archive": sign_note(text, ORIGIN, PRIVATE).encode(),
            "checkpoint": record["checkpoint"].encode(),
            "entries.jsonl": line,
        }
        file = tmp_path / "log.tar"
        with tarfile.open(file, "w") as archive:
            for name, content in members.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, BytesIO(content))
        assert run(file)[0] == expected, text


@functools.cache
def verifier() -> Any:
    """Load the file as a module."""
    spec = importlib.util.spec_from_file_location("log_verifier", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def decided(kind: str, actor: str, more: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "actor": actor, **more}


OTHER = ["phone_number", "results_delivery", "full"]
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "items": st.sampled_from([[], [EMAIL], [EMAIL, OTHER], [["email", "marketing", "masked"]]]),
        "uses": st.integers(1, 2),
        "valid_until": st.sampled_from([UNTIL - 1, UNTIL, UNTIL + 1, 1_699_999_999]),
        "at": st.sampled_from([999_999_999, 1_000_000_000, 1_000_000_007]),
    },
)


@given(
    st.lists(
        st.just("read") | st.builds(decided, st.sampled_from(EventType), st.sampled_from(ActorKind), CHANGES),
        max_size=12,
    )
)
def test_both_verifiers_tell_the_same_story(steps: list[Any]) -> None:
    """A grant's decisions and reads, right or wrong: the gateway's fold and this file's, which share no code."""
    ours, theirs, seq = OrderCheck(), verifier().Order(), 0
    for step in ({"type": "given", "actor": "subject"}, *steps):
        seq += step != "read"
        entry = (
            read_entry(f"e{seq}", [EMAIL])
            if step == "read"
            else decided_entry(**{**step, "type_": step["type"], "seq": seq})
        )
        found = list(ours.faults(entry))
        assert found == theirs.faults(entry)
        event(found[0] if found else "right")


def test_both_verifiers_name_the_read_too_many() -> None:
    """Two were allowed; the narrowing between them gives none back, a new yes without a number lifts the limit."""
    for order in (OrderCheck(), verifier().Order()):
        seq, found = 0, []
        for name, *rest in (
            ("given", 2),
            ("read",),
            ("narrowed", None),
            ("read",),
            ("read",),
            ("renewed", None),
            ("read",),
        ):
            seq += name != "read"
            entry = read_entry(f"e{seq}", [EMAIL])
            if name != "read":
                entry = decided_entry(name, seq=seq, **({"uses": rest[0]} if rest[0] else {}))
            found.append(list(order.faults(entry)))
        assert found == [[], [], [], [], ["a hand-off more than its consent allows"], [], []]


@pytest.mark.parametrize("uses", [0, -1, "2", None, True])
def test_a_limit_is_a_number_of_at_least_one(uses: object, tmp_path: Path) -> None:
    """`null` is not a spelling of no limit: there is one spelling."""
    event_ = decode(json.loads(VECTORS.read_text())["entries"][0].encode())
    assert said(tmp_path, proof_of(spelled(event_)))[0] == 0
    assert said(tmp_path, proof_of(spelled({**event_, "uses": uses})))[0] == 1
