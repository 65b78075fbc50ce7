"""Notes, cosignatures and checkpoints: C2SP's own examples, and everything that must be refused."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.ledger.checkpoints import Checkpoint, check_checkpoint, parse_checkpoint, sign_checkpoint
from gateway.ledger.notes import (
    COSIGNATURE,
    ED25519,
    NoteError,
    NoteKey,
    Signer,
    check_note,
    cosign,
    parse_key,
    parse_note,
    sign_note,
)

OURS = Ed25519PrivateKey.from_private_bytes(b"l" * 32)
WITNESS = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
ORIGIN = "gateway.example/log"
KEY = NoteKey(ORIGIN, OURS.public_key().public_bytes_raw())
WITNESS_KEY = NoteKey("witness.example/w1", WITNESS.public_key().public_bytes_raw(), COSIGNATURE)
CHECKPOINT = Checkpoint(ORIGIN, 7, b"r" * 32)

# The example of C2SP tlog-checkpoint and tlog-cosignature, with its published keys.
PUBLISHED = """
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

"""
PUBLISHED = PUBLISHED.lstrip() + "".join(
    f"— {name} {signature}\n"
    for name, signature in (
        (
            "example.com/behind-the-sofa",
            "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=",
        ),
        (
            "witness.example.com/w1",
            "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==",
        ),
    )
)


def test_the_published_example_is_read() -> None:
    found = parse_checkpoint(PUBLISHED)
    assert (found.origin, found.size) == ("example.com/behind-the-sofa", 20852163)
    assert found.body == PUBLISHED.partition("\n\n")[0] + "\n"
    note = parse_note(PUBLISHED)
    assert [name for name, _, _ in note.signatures] == [found.origin, "witness.example.com/w1"]
    assert int.from_bytes(note.signatures[1][2][:8], "big") == 1679315147


def test_a_checkpoint_that_we_sign_is_ours() -> None:
    note = sign_checkpoint(CHECKPOINT, OURS)
    assert check_checkpoint(note, [KEY]) == CHECKPOINT
    assert parse_key(str(KEY)) == KEY
    assert str(KEY).startswith(f"{ORIGIN}+{KEY.key_id.hex()}+AW1E")


def test_a_cosignature_counts_beside_the_logs_own_and_never_instead() -> None:
    line = cosign(CHECKPOINT.body, WITNESS_KEY.name, WITNESS, 1_795_000_000)
    note = sign_checkpoint(CHECKPOINT, OURS) + line
    assert check_checkpoint(note, [KEY, WITNESS_KEY]) == CHECKPOINT
    assert check_note(note, [WITNESS_KEY])[1] == (Signer(WITNESS_KEY, 1_795_000_000),)
    with pytest.raises(NoteError, match="not signed by its own log"):
        check_checkpoint(CHECKPOINT.body + "\n" + line, [KEY, WITNESS_KEY])
    later = note.replace(line, cosign(CHECKPOINT.body, WITNESS_KEY.name, OURS, 1_795_000_000))
    assert check_note(later, [KEY, WITNESS_KEY])[1] == (Signer(KEY),)
    assert parse_key(str(WITNESS_KEY)) == WITNESS_KEY


def test_a_known_key_that_fails_condemns_the_note() -> None:
    note = sign_checkpoint(CHECKPOINT, OURS)
    with pytest.raises(NoteError, match="does not hold"):
        check_checkpoint(note.replace("\n7\n", "\n8\n"), [KEY])
    with pytest.raises(NoteError, match="no known key"):
        check_checkpoint(note, [WITNESS_KEY])


@pytest.mark.parametrize(
    "wrong",
    [
        "", "text\n", "text\n\n", "text\n\nno dash x AAAAAAAA\n", "text\n\n— name\n", "text\n\n— name !!!!\n",
        "text\n\n— name AAAA\n", "text\n\n— na+me AAAAAAAAAAAA\n", "te\txt\n\n— name AAAAAAAAAAAA\n",
        "text\n\n— name AAAAAAAAAAAA", "text\n\n" + "— name AAAAAAAAAAAA\n" * 65,
    ],
)  # fmt: skip
def test_a_malformed_note_is_refused(wrong: str) -> None:
    with pytest.raises(NoteError):
        check_note(wrong, [KEY])


@pytest.mark.parametrize(
    "body",
    [
        "x\n07\n{root}\n",
        "x\n7\nAAAA\n",
        "x\n-1\n{root}\n",
        "x\n7\n",
        f"x\n{10**19}\n{{root}}\n",
        "x\n٧\n{root}\n",
    ],
)
def test_a_note_that_is_no_checkpoint_is_refused(body: str) -> None:
    text = body.format(root=CHECKPOINT.body.split("\n")[2])
    with pytest.raises(NoteError, match="not a checkpoint"):
        check_checkpoint(sign_note(text, ORIGIN, OURS), [KEY])


@pytest.mark.parametrize("text", ["", "no newline", "tab\there\n"])
def test_what_cannot_be_a_notes_text_is_not_signed(text: str) -> None:
    with pytest.raises(NoteError):
        sign_note(text, ORIGIN, OURS)


@pytest.mark.parametrize(
    "wrong",
    ["", "name", "name+00000000+AAAA", str(KEY).replace("+AW1E", "+BW1E"), "a b" + str(KEY)[19:],
     str(NoteKey(ORIGIN, KEY.public, 2)), f"x{KEY}", "name+00000000+!"],
)  # fmt: skip
def test_what_is_no_verifier_key_is_refused(wrong: str) -> None:
    assert ED25519 == 1
    with pytest.raises(NoteError):
        parse_key(wrong)
