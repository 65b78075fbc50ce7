"""Check an exported hand-off log, or one proof, without the gateway: ``python log_verifier.py FILE --key KEY``.

FILE is an archive of ``consent-gateway log export``, a folder of ``consent-gateway log archive`` or a proof.json from
the page "Check this". KEY is the log's
verifier key, which you should have from elsewhere than the file: from the gateway's /log/keys at an earlier time,
from a witness, or from paper. Needs Python 3.11 and the package "cryptography"; shares no code with the gateway.

Exit status: 0 all holds, 1 something does not, 2 the file or the key cannot be read.
"""

import argparse
import base64
import hashlib
import json
import sys
import tarfile
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ACTIVE_STAYS = {"narrowed", "widened", "renewed", "refused"}
PAUSED_MOVES = {
    "asked": "waiting",
    "narrowed": "paused",
    "refused": "paused",
    "renewed": "active",
    "resumed": "active",
    "widened": "active",
}
GROUNDS = {"asked", "given", "widened", "renewed"}
ENDINGS = {"withdrawn", "revoked", "expired"}
CONTACT_MOVES = {
    (None, "asked", "asker"): "waiting",
    ("waiting", "accepted", "asked"): "live",
    ("waiting", "refused", "asked"): "refused",
    ("waiting", "ended", "asker"): "ended",
    ("live", "changed", "asker"): "live",
    ("live", "changed", "asked"): "live",
    ("live", "ended", "asker"): "ended",
    ("live", "ended", "asked"): "ended",
    ("refused", "ended", "asker"): "ended",
}
KEYS = {
    "handoff": {"at", "client", "endpoint", "event", "grant", "id", "items", "kind", "partner", "token"},
    "consent_event": {
        *(
            "acr",
            "actor",
            "at",
            "auth_time",
            "by",
            "dpv",
            "grant",
            "id",
            "items",
            "kind",
            "language",
            "method",
        ),
        *("reason", "seq", "served", "type", "valid_until"),
    },
    "admin_action": {"action", "at", "by", "detail", "id", "kind", "reason", "target", "target_kind"},
    "contact_event": {
        *("acr", "at", "auth_time", "contact", "erasure", "id", "items", "kind", "language"),
        *("seq", "side", "type", "valid_until"),
    },
    "contact_view": {"at", "contact", "event", "giver", "id", "items", "kind"},
}


class Unreadable(Exception):
    """The file or the key is not what it should be."""


def sha256(data):
    """Hash bytes."""
    return hashlib.sha256(data).digest()


def read_key(text, kind=1):
    """Read a verifier key ``name+id+base64(kind || public key)`` (C2SP signed-note); a witness's kind is 4."""
    try:
        name, key_id, encoded = text.strip().split("+", 2)
        typed = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise Unreadable("the key is not a verifier key") from None
    if len(typed) != 33 or typed[0] != kind or sha256(name.encode() + b"\n" + typed)[:4].hex() != key_id:
        raise Unreadable("the key is not an Ed25519 verifier key")
    return name, bytes.fromhex(key_id), Ed25519PublicKey.from_public_bytes(typed[1:])


def signed_text(note, keys, head=None):
    """Give a note's text if one of the keys has signed it under the log's own name; None otherwise.

    A checkpoint begins with the log's name, other notes with what they are: none is taken for another.
    """
    text, gap, lines = note.rpartition("\n\n")
    if not gap:
        return None
    text += "\n"
    for line in lines.splitlines():
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "—":
            return None
        try:
            data = base64.b64decode(parts[2], validate=True)
        except ValueError:
            return None
        for name, key_id, public in keys:
            if parts[1] == name and data[:4] == key_id:
                try:
                    public.verify(data[4:], text.encode())
                except InvalidSignature:
                    return None
                opening = [name] if head is None else [head, name]
                return text if text.split("\n")[: len(opening)] == opening else None
    return None


def is_cosigned(note, text, witness):
    """Say whether a witness's line stands under a checkpoint and holds (C2SP tlog-cosignature)."""
    name, key_id, public = witness
    for line in note.rpartition("\n\n")[2].splitlines():
        parts = line.split(" ")
        data = base64.b64decode(parts[2])
        if parts[1] == name and data[:4] == key_id:
            at = int.from_bytes(data[4:12], "big")
            try:
                public.verify(data[12:], f"cosignature/v1\ntime {at}\n{text}".encode())
            except InvalidSignature:
                return False
            return True
    return False


def missing_witnesses(note, text, witnesses):
    """Say which witnesses have not cosigned."""
    return [
        ("checkpoint", f"the witness {witness[0]} has not cosigned it")
        for witness in witnesses
        if not is_cosigned(note, text, witness)
    ]


def read_checkpoint(text):
    """Read a checkpoint's body: size, root, and when it was signed; None where it does not say."""
    lines = text.split("\n")
    at = int(lines[3].removeprefix("time ")) if lines[3].startswith("time ") else None
    return int(lines[1]), base64.b64decode(lines[2], validate=True), at


class Dating:
    """What checkpoints say of the times of the entries before and after them: a row waits a second or so."""

    def __init__(self, tolerance):
        """Begin without a checkpoint."""
        self.tolerance = tolerance
        self.signed = []

    def add(self, size, at):
        """Take a checkpoint that can be trusted."""
        if at is not None:
            self.signed.append((size, at))

    def faults(self, index, entry):
        """Hold an entry's time against each of them; None for an entry that cannot be read."""
        if entry is None or type(entry["at"]) is not int:
            return
        for size, at in self.signed:
            if index < size and entry["at"] > at + self.tolerance:
                yield "it is dated after a checkpoint that holds it: post-dated, or a clock was wrong"
            if index >= size and entry["at"] < at - self.tolerance:
                yield "it is dated before a checkpoint that does not hold it: back-dated, or a clock was wrong"


def root_from(entry, index, size, path):
    """Climb from an entry to the root (RFC 9162 §2.1.3.2); None when the path has the wrong length."""
    if not 0 <= index < size:
        return None
    found, place, last = sha256(b"\x00" + entry), index, size - 1
    for sibling in path:
        if last == 0:
            return None
        if place % 2 or place == last:
            found = sha256(b"\x01" + sibling + found)
            while place % 2 == 0 and place:
                place >>= 1
                last >>= 1
        else:
            found = sha256(b"\x01" + found + sibling)
        place >>= 1
        last >>= 1
    return found if last == 0 else None


class Tree:
    """The whole tree's root out of its leaves, in order: (height, hash) of complete subtrees."""

    def __init__(self):
        """Begin empty."""
        self.parts = []

    def add(self, entry):
        """Append an entry."""
        self.add_hash(sha256(b"\x00" + entry))

    def add_hash(self, found):
        """Append an entry's hash."""
        height = 0
        while self.parts and self.parts[-1][0] == height:
            found = sha256(b"\x01" + self.parts.pop()[1] + found)
            height += 1
        self.parts.append((height, found))

    def root(self):
        """Give the root."""
        found = b""
        for _, each in reversed(self.parts):
            found = sha256(b"\x01" + each + found) if found else each
        return found or sha256(b"")


def read_entry(content):
    """Read an entry; None when it is not spelled in the one way that the log has."""
    try:
        entry = json.loads(content)
        spelled = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()
        optional = {"uses"} if entry["kind"] == "consent_event" else set()
        is_whole = KEYS[entry["kind"]] == entry.keys() - optional
        uses = entry.get("uses", 1)
        is_limit = type(uses) is int and uses > 0
        return entry if spelled == content and is_whole and is_limit else None
    except (ValueError, KeyError, TypeError):
        return None


class Order:
    """The story of every grant and every contact in the log's order, as long as the log is whole."""

    def __init__(self):
        """Begin before the first entry."""
        self.grants = {}
        self.contacts = {}

    def faults(self, entry):
        """Take the next entry, None for one that cannot be read; give what is wrong with it and its place."""
        if entry is None:
            return ["it is no entry of this log"]
        if entry["kind"] == "consent_event":
            return self.event(entry)
        if entry["kind"] == "contact_event":
            return self.contact_event(entry)
        if entry["kind"] == "contact_view":
            return self.contact_view(entry)
        return self.handoff(entry) if entry["kind"] == "handoff" else []

    def event(self, entry):
        """Take a consent event: numbered without a gap, and legal after the one before."""
        before = self.grants.get(entry["grant"], {"state": None, "seq": 0})
        kind, state, faults = entry["type"], before["state"], []
        if entry["seq"] != before["seq"] + 1:
            faults.append(f"consent event {entry['seq']} follows number {before['seq']}")
        after = None
        if state is None:
            after = {"asked": "waiting", "given": "active", "refused": "refused"}.get(kind)
        elif state == "waiting":
            after = {"given": "active", "narrowed": "waiting", "refused": "refused"}.get(kind)
        elif state == "active":
            after = "active" if kind in ACTIVE_STAYS else {"paused": "paused", "asked": "waiting"}.get(kind)
        elif state == "paused":
            after = PAUSED_MOVES.get(kind)
        if kind in ENDINGS and state in ("waiting", "active", "paused"):
            after = "ended"
        if after is None:
            faults.append(f"{kind} does not follow {state}")
        sets_limit = "uses" in entry or kind in GROUNDS
        self.grants[entry["grant"]] = {
            "left": entry.get("uses") if sets_limit else before.get("left"),
            "state": after,
            "seq": entry["seq"],
            "id": entry["id"],
            "items": {tuple(item) for item in entry["items"]},
            "valid_until": entry["valid_until"],
        }
        return faults

    def handoff(self, entry):
        """Take a hand-off: its grant's consent was in force at this very place, for each of its items."""
        grant = self.grants.get(entry["grant"])
        if grant is None or grant["state"] != "active":
            return [f"a hand-off while its grant is {grant and grant['state']}"]
        if grant["id"] != entry["event"]:
            return ["a hand-off that names a consent event which was not in force"]
        faults = [
            f"{item[0]} for {item[1]} was not granted"
            for item in entry["items"]
            if tuple(item[:3]) not in grant["items"]
        ]
        if grant["valid_until"] is not None and entry["at"] >= grant["valid_until"]:
            faults.append("a hand-off after its consent had run out")
        if grant["left"] is not None:
            grant["left"] -= 1
            if grant["left"] < 0:
                faults.append("a hand-off more than its consent allows")
        return faults

    def contact_event(self, entry):
        """Take what one of two people decided about their contact."""
        start = {"state": None, "seq": 0, "valid_until": None, "gives": {}}
        contact, faults = self.contacts.setdefault(entry["contact"], start), []
        kind, side, state = entry["type"], entry["side"], contact["state"]
        if entry["seq"] != contact["seq"] + 1:
            faults.append(f"contact event {entry['seq']} follows number {contact['seq']}")
        after = CONTACT_MOVES.get((state, kind, side))
        if after is None:
            faults.append(f"{kind} by the {side} does not follow {state}")
        until = contact["valid_until"]
        if kind == "accepted" and until is not None and entry["at"] >= until:
            faults.append("a wish that was accepted after its time")
        if after in ("refused", "ended") and entry["items"]:
            faults.append("a no that gives something")
        if entry["erasure"] and kind != "ended":
            faults.append("an erasure that is no end")
        if kind == "asked":
            contact["valid_until"] = entry["valid_until"]
        contact.update(state=after or state, seq=entry["seq"], id=entry["id"])
        contact["gives"][side] = {tuple(item) for item in entry["items"]}
        return faults

    def contact_view(self, entry):
        """Take one person's look at what another gives: only what is given at this very place, only while it is."""
        contact = self.contacts.get(entry["contact"])
        if contact is None or contact["state"] != "live":
            return [f"a look while its contact is {contact and contact['state']}"]
        if contact["id"] != entry["event"]:
            return ["a look that names a decision which was not the last"]
        given = contact["gives"].get(entry["giver"], set())
        return [
            f"{item[0]} in the form {item[1]} was not given"
            for item in entry["items"]
            if tuple(item[:2]) not in given
        ]


def check_lines(lines, size, root, dating, say):
    """Check every exported entry; give how many there were and what is wrong."""
    tree, order, faults, count, whole = Tree(), Order(), [], 0, True
    for line in lines:
        record = json.loads(line)
        index, entry = record["index"], record["entry"].encode()
        where = f"entry {index}"
        path = [bytes.fromhex(each) for each in record["proof"]]
        if root_from(entry, index, size, path) != root:
            faults.append((where, "it does not stand in the log at this place"))
        whole, content = whole and index == count, read_entry(entry)
        if whole:
            tree.add(entry)
        if whole or content is None:
            faults += [(where, what) for what in order.faults(content)]
        faults += [(where, what) for what in dating.faults(index, content)]
        count += 1
        if count % 1000 == 0:
            say(f"\rchecked {count} of at most {size}")
    if whole and count == size and tree.root() != root:
        faults.append(("checkpoint", "its root is not that of the entries"))
    return count, whole and count == size, faults


def check_proof(record, keys, witnesses, dating):
    """Check one proof.json."""
    text = signed_text(record["checkpoint"], keys)
    if text is None:
        return 1, False, [("checkpoint", "it is not signed with this key")], 0
    size, root, at = read_checkpoint(text)
    dating.add(size, at)
    line = json.dumps({name: record[name] for name in ("index", "entry", "proof")})
    count, whole, faults = check_lines([line], size, root, dating, lambda text: None)
    return count, whole, faults + missing_witnesses(record["checkpoint"], text, witnesses), size


def check_archive(archive, keys, witnesses, dating, say):
    """Check an exported archive: its own signature, the checkpoint's, and every entry."""
    read = {name: archive.extractfile(name).read() for name in ("archive", "checkpoint")}
    text = signed_text(read["checkpoint"].decode(), keys)
    own = signed_text(read["archive"].decode(), keys, "consent-gateway/archive/v1")
    if text is None:
        return 0, False, [("checkpoint", "it is not signed with this key")], 0
    size, root, at = read_checkpoint(text)
    dating.add(size, at)
    faults = missing_witnesses(read["checkpoint"].decode(), text, witnesses)
    digest, content = hashlib.sha256(), archive.extractfile("entries.jsonl")

    def lines():
        for line in content:
            digest.update(line)
            yield line

    since, until, signed_size = read_span(own)
    count, whole, found = check_lines(within(lines(), since, until, faults), size, root, dating, say)
    said = own.split("\n") if own else []
    if own is None:
        faults.append(("archive", "it is not signed with this key"))
    elif said[2:4] != [f"entries {count}", f"sha256 {digest.hexdigest()}"]:
        faults.append(
            ("archive", "its entries are not those that were signed: some were added, changed or cut off")
        )
    elif signed_size not in (None, size):
        faults.append(("archive", "its checkpoint is not the one that it was made under"))
    return count, whole, faults + found, size


def read_span(text):
    """Read what an archive claims to hold: all entries from one second on, before another, of so many leaves.

    Archives of earlier versions claim nothing: None for each.
    """
    words = dict(line.split(" ", 1) for line in (text or "").split("\n")[4:7] if " " in line)
    return tuple(
        int(words[name]) if words.get(name, "-") != "-" else None for name in ("since", "until", "size")
    )


def within(lines, since, until, faults):
    """Pass lines on; name the entries that lie outside of what the archive says that it holds."""
    for line in lines:
        record = json.loads(line)
        at = (read_entry(record["entry"].encode()) or {}).get("at")
        if at is not None and ((since is not None and at < since) or (until is not None and at >= until)):
            faults.append(
                (f"entry {record['index']}", "it lies outside of the time that the archive is about")
            )
        yield line


def tile_name(index):
    """Spell a tile's number, as in ``x001/x234/067`` (C2SP tlog-tiles)."""
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "/".join([f"x{part}" for part in parts[:-1]] + parts[-1:])


def unbundled(content):
    """Take entries out of a bundle: each has its length in front, two bytes; None when it ends within one."""
    entries = []
    while content:
        end = 2 + int.from_bytes(content[:2], "big")
        if len(content) < end:
            return None
        entries.append(content[2:end])
        content = content[end:]
    return entries


def read_archives(folder, keys, faults):
    """Read the signed manifests of a folder's archives, in order: (first, end, SHA-256 of the bundles)."""
    found = []
    for file in sorted((folder / "archives").iterdir(), key=lambda each: int(each.name.partition("-")[0])):
        text = signed_text(file.read_text(), keys, "consent-gateway/log-archive/v1")
        words = text.split("\n") if text else []
        if not words or f"leaves {file.name.replace('-', ' ')}" != words[2]:
            faults.append((f"archive {file.name}", "it is not signed with this key"))
            continue
        first, end = map(int, words[2].split(" ")[1:])
        if first != (found[-1][1] if found else 0):
            faults.append((f"archive {file.name}", "it does not begin where the one before ended"))
        found.append((first, end, words[4].removeprefix("sha256 ")))
    return found


def check_folder(folder, keys, witnesses, known, dating, say):
    """Check a folder of archives: manifests, every entry against the tiles, the tree against the checkpoint."""
    note = (folder / "checkpoint").read_text()
    text = signed_text(note, keys)
    if text is None:
        return 0, False, [("checkpoint", "it is not signed with this key")], 0
    size, root, at = read_checkpoint(text)
    dating.add(size, at)
    faults, due = missing_witnesses(note, text, witnesses), {size: [("checkpoint", root)]}
    for kept_size, kept_root in known:
        due.setdefault(kept_size, []).append(("kept checkpoint", kept_root))
    tree, order, count = Tree(), Order(), 0
    archives = read_archives(folder, keys, faults)
    for first, end, digest in archives:
        bundles = hashlib.sha256()
        for index in range(first // 256, end // 256):
            bundles.update((folder / "tile" / "entries" / tile_name(index)).read_bytes())
        if bundles.hexdigest() != digest:
            faults.append((f"archive {first}-{end}", "its entries are not those that were signed"))
    end = archives[-1][1] if archives else 0
    for index in range(-(-size // 256)):
        width = min(256, size - 256 * index)
        name = tile_name(index) + ("" if width == 256 else f".p/{width}")
        content = (folder / "tile" / "0" / name).read_bytes()
        hashes = [content[at : at + 32] for at in range(0, len(content), 32)]
        if len(content) != 32 * width:
            faults.append((f"tile 0/{name}", "it has another width than it must"))
        if 256 * index < end:
            entries = unbundled((folder / "tile" / "entries" / name).read_bytes())
            if entries is None or [sha256(b"\x00" + each) for each in entries] != hashes:
                faults.append((f"entries {name}", "they are not what the tree says"))
                entries = []
            for place, entry in enumerate(entries, start=256 * index):
                read = read_entry(entry)
                found = [*order.faults(read), *dating.faults(place, read)]
                faults += [(f"entry {place}", what) for what in found]
            count += len(entries)
        for place, each in enumerate(hashes, start=256 * index + 1):
            tree.add_hash(each)
            for subject, expected in due.pop(place, ()):
                if tree.root() != expected:
                    faults.append((subject, "its root is not that of the tiles: the log was rewritten"))
        say(f"\rchecked {256 * index + width} of {size}")
    faults += [(each[0], "the log is shorter than it was") for rest in due.values() for each in rest]
    return count, count == end, faults, size


def check_known(size, root, lines):
    """Compare a checkpoint that somebody kept with a whole log's entries."""
    tree = Tree()
    for count, line in enumerate(lines, start=1):
        tree.add(json.loads(line)["entry"].encode())
        if count == size:
            same = tree.root() == root
            return (
                []
                if same
                else [("kept checkpoint", "the log was rewritten since: it forks from what you hold")]
            )
    return [("kept checkpoint", "the log is shorter than it was: it was rolled back or cut off")]


def read_known(files, keys, dating):
    """Read the checkpoints that somebody kept: size and root of each, and what is wrong with them."""
    known, faults = [], []
    for file in files:
        text = signed_text(file.read_text(), keys)
        if text is None:
            faults.append(("kept checkpoint", "it is not signed with this key"))
            continue
        size, root, at = read_checkpoint(text)
        dating.add(size, at)
        known.append((size, root))
    return known, faults


def check(file, keys, witnesses, kept, dating, say):
    """Check a file of either kind, or a folder."""
    known, unsigned = read_known(kept, keys, dating)
    if file.is_dir():
        count, whole, faults, size = check_folder(file, keys, witnesses, known, dating, say)
    elif not tarfile.is_tarfile(file):
        if kept:
            raise Unreadable("--checkpoint needs an archive of the whole log, or a folder of archives")
        count, whole, faults, size = check_proof(json.loads(file.read_text()), keys, witnesses, dating)
    else:
        with tarfile.open(file) as archive:
            count, whole, faults, size = check_archive(archive, keys, witnesses, dating, say)
            if kept and not whole:
                raise Unreadable("--checkpoint needs an archive of the whole log")
            for each in known:
                faults += check_known(*each, archive.extractfile("entries.jsonl"))
    return count, whole, faults + unsigned, size


def main():
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="archive, folder of archives, or proof.json")
    parser.add_argument(
        "--key", action="append", required=True, help="verifier key of the log; may be repeated"
    )
    parser.add_argument(
        "--witness", action="append", default=[], help="verifier key of a witness that must have cosigned"
    )
    parser.add_argument(
        "--checkpoint", type=Path, action="append", default=[], help="a checkpoint that you kept"
    )
    parser.add_argument(
        "--tolerance", type=int, default=60, help="seconds by which a clock may have been wrong"
    )
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    given = parser.parse_args()

    def say(text):
        if sys.stderr.isatty():
            print(text, end="", file=sys.stderr, flush=True)

    try:
        keys = [read_key(each) for each in given.key]
        witnesses = [read_key(each, 4) for each in given.witness]
        count, whole, faults, size = check(
            given.file, keys, witnesses, given.checkpoint, Dating(given.tolerance), say
        )
    except (Unreadable, OSError, KeyError, ValueError, TypeError, AttributeError, tarfile.TarError) as error:
        print(f"cannot be read: {error.__class__.__name__}: {error}", file=sys.stderr)
        return 2
    say("\r")
    if given.json:
        found = [{"subject": subject, "what": what} for subject, what in faults]
        print(json.dumps({"ok": not faults, "entries": count, "size": size, "whole": whole, "faults": found}))
    else:
        for subject, what in faults:
            print(f"✗ {subject}: {what}")
        if not faults:
            order = (
                "and the order of every grant and contact is right"
                if whole
                else "(a part: the order was not checked)"
            )
            print(f"✓ {count} of {size} entries stand in the log {order}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
