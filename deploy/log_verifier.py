"""Check an exported hand-off log, or one proof, without the gateway: ``python log_verifier.py FILE --key KEY``.

FILE is an archive of ``consent-gateway log export``, a folder of ``consent-gateway log archive`` or a proof.json from
the page "Check this". KEY is the log's verifier key, which you should have from elsewhere than the file: from the
gateway's /log/keys at an earlier time, from a witness, or from paper. Needs Python 3.11 and the package "cryptography";
shares no code with the gateway.

Exit status: 0 all holds, 1 something does not, 2 the file or the key cannot be read.
"""

import argparse
import base64
import hashlib
import json
import re
import sys
import tarfile
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

# What an entry looks like ------------------------------------------------------------------------------------------

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
OPTIONAL = {
    "handoff": set(),
    "consent_event": {"uses"},
    "admin_action": {"v"},
    "contact_event": set(),
    "contact_view": set(),
}
VERSION = 2
"""Of an act's entry; those of version 1 do not say so, and could hold people's ids in their details."""
PERSON_ID = re.compile(r"(?<![\w-])per_[\w-]{22}(?![\w-])", re.ASCII)

# What may follow what, and who may do it ---------------------------------------------------------------------------

MOVES = {
    None: {"asked": "waiting", "given": "active", "refused": "refused"},
    "waiting": {"given": "active", "narrowed": "waiting", "refused": "refused"},
    "active": {
        "asked": "waiting",
        "paused": "paused",
        **dict.fromkeys(("narrowed", "widened", "renewed", "refused"), "active"),
    },
    "paused": {
        "asked": "waiting",
        "narrowed": "paused",
        "refused": "paused",
        **dict.fromkeys(("renewed", "resumed", "widened"), "active"),
    },
}
"""State of a grant, consent event, state after it. What is waiting, active or paused can also end."""
ENDINGS = {"withdrawn", "revoked", "expired"}
GROUNDS = {"asked", "given", "widened", "renewed"}
"""Wishes and yeses: each says anew how often may be read, or lifts the limit."""
REACH = {
    ("asked", "subject"): "anew",
    ("given", "subject"): "anew",
    ("given", "guardian"): "within the wish",
    ("refused", "subject"): "nothing",
    ("refused", "guardian"): "nothing",
    ("narrowed", "subject"): "less",
    ("widened", "subject"): "anew",
    ("renewed", "subject"): "renew",
    ("paused", "subject"): "nothing",
    ("paused", "system"): "nothing",
    ("resumed", "subject"): "nothing",
    ("withdrawn", "subject"): "nothing",
    ("revoked", "guardian"): "nothing",
    ("revoked", "admin"): "nothing",
    ("revoked", "partner"): "nothing",
    ("revoked", "court"): "nothing",
    ("expired", "system"): "nothing",
}
"""Consent event and kind of its actor: what it may change of items, end and number of reads. Nothing else can be."""
STATUS = {
    "asked": "dpv:ConsentRequested",
    "given": "dpv:ConsentGiven",
    "refused": "dpv:ConsentRefused",
    "narrowed": "dpv:ConsentGiven",
    "widened": "dpv:ConsentGiven",
    "renewed": "dpv:RenewedConsentGiven",
    "paused": "dpv:ConsentStatusInvalidForProcessing",
    "resumed": "dpv:ConsentGiven",
    "withdrawn": "dpv:ConsentWithdrawn",
    "revoked": "dpv:ConsentRevoked",
    "expired": "dpv:ConsentExpired",
}
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
DENIED = {
    *("audience_building", "commercial_purpose", "commercial_research", "customer_management"),
    *("customer_solvency_monitoring", "data_enrichment", "improve_internal_crm_processes", "insight_sale"),
    *("lookalike_audiences", "loyalty_programme", "political_campaign", "profiling_for_sale"),
    *("public_relations", "sell_products", "sell_products_to_data_subject"),
}
DENIED_STEMS = (
    *("marketing", "advertis", "retarget", "promotional", "newsletter", "selldata", "sellinsight"),
    *("saleofdata", "datasale", "databroker", "customerrelationship", "leadgeneration"),
    *("recommendation", "upsell", "crosssell"),
)
DENIED_WORDS = {"ad", "ads", "crm", "promo"}
"""For these purposes nothing leaves, whoever agreed: codes, parts of codes in one word, and words of codes."""


class Unreadable(Exception):
    """The file or the key is not what it should be."""


def sha256(data):
    """Hash bytes."""
    return hashlib.sha256(data).digest()


# Keys and signed notes ---------------------------------------------------------------------------------------------


def key_id(name, typed):
    """Give the four bytes by which a note names a key."""
    return sha256(name.encode() + b"\n" + typed)[:4]


def read_keys(texts, kind=1):
    """Read verifier keys ``name+id+base64(kind || public key)``, one a line (C2SP signed-note). Kind 4: a witness's."""
    return [read_key(line, kind) for text in texts for line in text.split()]


def read_key(text, kind=1):
    """Read one verifier key."""
    try:
        name, given_id, encoded = text.strip().split("+", 2)
        typed = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise Unreadable("the key is not a verifier key") from None
    if len(typed) != 33 or typed[0] != kind or key_id(name, typed).hex() != given_id:
        raise Unreadable("the key is not an Ed25519 verifier key")
    return name, bytes.fromhex(given_id), Ed25519PublicKey.from_public_bytes(typed[1:])


def under_the_name_of(note, keys):
    """Give the same public keys under the name that a note begins with: a log that moved has signed under each name."""
    name = note.partition("\n")[0]
    return [(name, key_id(name, b"\x01" + key.public_bytes_raw()), key) for _, _, key in keys]


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


# The tree ----------------------------------------------------------------------------------------------------------


def climb(entry, index, size, path):
    """Climb from an entry to the root (RFC 9162 §2.1.3.2); None when the path has the wrong length.

    The second answer is the root of the leaves before it, whose parts are what lies to the left of the way up.
    """
    if not 0 <= index < size:
        return None, b""
    found, before, place, last = sha256(b"\x00" + entry), b"", index, size - 1
    for sibling in path:
        if last == 0:
            return None, b""
        if place % 2 or place == last:
            found = sha256(b"\x01" + sibling + found)
            before = sha256(b"\x01" + sibling + before) if before else sibling
            while place % 2 == 0 and place:
                place >>= 1
                last >>= 1
        else:
            found = sha256(b"\x01" + found + sibling)
        place >>= 1
        last >>= 1
    return found if last == 0 else None, before or sha256(b"")


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
        """Hold an entry's time against each of them."""
        for size, at in self.signed:
            if index < size and entry["at"] > at + self.tolerance:
                yield "it is dated after a checkpoint that holds it: post-dated, or a clock was wrong"
            if index >= size and entry["at"] < at - self.tolerance:
                yield "it is dated before a checkpoint that does not hold it: back-dated, or a clock was wrong"


# Entries by themselves ---------------------------------------------------------------------------------------------


def read_entry(content):
    """Read an entry; None when it is not spelled in the one way that the log has."""
    try:
        entry = json.loads(content)
        spelled = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()
        optional = OPTIONAL[entry["kind"]]
        is_whole = KEYS[entry["kind"]] <= entry.keys() <= KEYS[entry["kind"]] | optional
        uses, version = entry.get("uses", 1), entry.get("v", VERSION)
        is_number = type(uses) is int and uses > 0 and type(version) is int and version == VERSION
        return entry if spelled == content and is_whole and is_number else None
    except (ValueError, KeyError, TypeError):
        return None


def texts(content):
    """Give every text in an entry, at any depth, the names of its keys too."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for name, each in content.items():
            yield name
            yield from texts(each)
    elif isinstance(content, list):
        for each in content:
            yield from texts(each)


class Marks:
    """Looks for people's ids, which must stand as marks; acts of version 1 that hold one are told apart."""

    def __init__(self):
        """Begin before the first entry."""
        self.unmarked = []
        self.newest = 1

    def faults(self, index, entry):
        """Take the next entry; give what is wrong with how it names people."""
        is_act = entry["kind"] == "admin_action"
        version = entry.get("v", 1) if is_act else VERSION
        faults = []
        if is_act and version < self.newest:
            faults.append("it is of an older version of the format than an entry before it")
        elif is_act:
            self.newest = version
        if any(PERSON_ID.search(each) for each in texts(entry)):
            if version < VERSION:
                self.unmarked.append(index)
            else:
                faults.append("it names a person by their id, where a mark must stand")
        return faults


class Names:
    """Follows the log from name to name: each move's entry holds the last checkpoint under the name before."""

    def __init__(self, keys):
        """Begin with the name that the log began with, whatever it is."""
        self.keys = keys
        self.moves = []
        self.walked = 0

    def faults(self, index, entry, before, in_order):
        """Take the next entry; `before` gives the root of the leaves before it. Give what is wrong, if it is a move."""
        if in_order:
            self.walked = index + 1
        if entry["kind"] != "admin_action" or entry["action"] != "move_log":
            return []
        note = entry["detail"].get("checkpoint") if isinstance(entry["detail"], dict) else None
        text = signed_text(note, under_the_name_of(note, self.keys)) if isinstance(note, str) else None
        if text is None:
            return ["it moves the log, and names no checkpoint that this log's key has signed"]
        (size, root, _), name, faults = read_checkpoint(text), text.partition("\n")[0], []
        if size != index:
            faults.append("it moves the log, and does not stand right after the checkpoint that it names")
        elif root != before():
            faults.append("it moves the log, and names another root than that of the leaves before it")
        if in_order and self.moves and name != self.moves[-1][2]:
            faults.append("it moves the log away from a name that the log did not bear")
        if entry["target"] == name:
            faults.append("it moves the log to the name that it bears already")
        self.moves.append((index, name, entry["target"]))
        return faults

    def fits(self, size, name, newest):
        """Say whether a checkpoint of so many leaves is under the name that the log had then.

        `newest` is the name of the newest checkpoint. Of leaves that were not walked nobody knows where a move stood.
        """
        if size > self.walked:
            return name == newest or name in {each for _, *both in self.moves for each in both}
        for place, old, _ in self.moves:
            if size <= place:
                return name == old
        return name == (self.moves[-1][2] if self.moves else newest)


# Entries in their order --------------------------------------------------------------------------------------------


def is_more(value, before):
    """Say whether an end, or a number of reads, is beyond another; None is without bound."""
    return before is not None and (value is None or value > before)


def is_never_allowed(purpose):
    """Say whether a purpose is denied, or none at all."""
    if not re.fullmatch("[a-z0-9_]+", purpose):
        return True
    plain = purpose.replace("_", "").replace("z", "s")
    is_listed = plain in {each.replace("_", "").replace("z", "s") for each in DENIED}
    words = re.findall("[a-z]+", purpose)
    return is_listed or any(stem in plain for stem in DENIED_STEMS) or not DENIED_WORDS.isdisjoint(words)


def denied_purposes(entry):
    """Give a fault for each item whose purpose is never allowed."""
    return [
        f"{item[0]} for {item[1]}: nothing leaves for this purpose, whoever agreed"
        for item in entry["items"]
        if is_never_allowed(item[1])
    ]


UNDECIDED = {
    "state": None,
    "seq": 0,
    "id": "",
    "partner": None,
    "items": set(),
    "valid_until": None,
    "uses": None,
    "left": None,
    "asked_at": 0,
}
"""A grant before its first entry."""


class Order:
    """The story of every grant and every contact in the log's order, as long as the log is whole."""

    def __init__(self):
        """Begin before the first entry."""
        self.grants = {}
        self.contacts = {}

    def faults(self, entry):
        """Take the next entry; give what is wrong with it and its place."""
        take = {
            "consent_event": self.event,
            "handoff": self.handoff,
            "contact_event": self.contact_event,
            "contact_view": self.contact_view,
            "admin_action": self.no_order,
        }[entry["kind"]]
        return take(entry)

    def no_order(self, entry):
        """Take what stands by itself, as an administrator's act does."""
        return []

    def event(self, entry):
        """Take a consent event: numbered without a gap, by who may decide it, and legal after the one before."""
        grant, faults = self.grants.setdefault(entry["grant"], dict(UNDECIDED)), []
        kind, actor, state = entry["type"], entry["actor"], grant["state"]
        if entry["seq"] != grant["seq"] + 1:
            faults.append(f"consent event {entry['seq']} of its grant follows number {grant['seq']}")
        if entry["dpv"] != STATUS[kind]:
            faults.append("its DPV status is not that of its type")
        if (entry["by"] is None) != (actor == "subject"):
            faults.append("its actor is not of the kind that it says")
        reach = REACH.get((kind, actor))
        if reach is None or (actor == "guardian" and kind in ("given", "refused") and state != "waiting"):
            faults.append(f"{kind} cannot be decided by the {actor} here")
        else:
            faults += self.changes(grant, entry, reach)
        if kind in GROUNDS:
            faults += denied_purposes(entry)
        after = MOVES.get(state, {}).get(kind)
        if kind in ENDINGS and state in ("waiting", "active", "paused"):
            after = "ended"
        if after is None:
            faults.append(f"{kind} does not follow {state}")
        if kind == "asked":
            grant["asked_at"] = entry["at"]
        if "uses" in entry or kind in GROUNDS:
            grant["uses"] = grant["left"] = entry.get("uses")
        grant.update(state=after or state, seq=entry["seq"], id=entry["id"], valid_until=entry["valid_until"])
        grant["items"] = {tuple(item) for item in entry["items"]}
        return faults

    def changes(self, grant, entry, reach):
        """Hold what a consent event changes against what it may change."""
        kind, items, until, faults = (
            entry["type"],
            {tuple(item) for item in entry["items"]},
            entry["valid_until"],
            [],
        )
        if reach != "anew" and items - grant["items"]:
            faults.append(f"{kind} cannot add an item, nor another form of one")
        if reach == "nothing" and grant["items"] - items:
            faults.append(f"{kind} cannot take an item away")
        before = grant["valid_until"] if grant["seq"] else entry["at"]
        if reach == "within the wish" and before is not None and before % 86400 != 86399:
            # A length of time begins with the yes; a chosen day stays.
            before += entry["at"] - grant["asked_at"]
        if reach not in ("anew", "renew") and is_more(until, before):
            faults.append(f"{kind} cannot prolong")
        if reach == "nothing" and is_more(before, until):
            faults.append(f"{kind} cannot shorten")
        if reach in ("less", "nothing") and "uses" in entry:
            faults.append(f"{kind} cannot say how often may be read")
        if reach == "within the wish" and is_more(entry.get("uses"), grant["uses"]):
            faults.append(f"{kind} cannot allow more reads than were asked for")
        return faults

    def handoff(self, entry):
        """Take a hand-off: its grant's consent was in force at this very place, for each of its items."""
        grant, faults = self.grants.setdefault(entry["grant"], dict(UNDECIDED)), []
        if grant["partner"] not in (None, entry["partner"]):
            faults.append(f"a hand-off to {entry['partner']} by a consent for {grant['partner']}")
        grant["partner"] = grant["partner"] or entry["partner"]
        if grant["state"] != "active":
            faults.append(f"a hand-off while its grant is {grant['state']}")
        if grant["id"] != entry["event"]:
            return [*faults, "a hand-off that names a consent event which was not in force"]
        faults += denied_purposes(entry)
        faults += [
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
        if (entry["valid_until"] is None) == (kind == "asked"):
            faults.append("a wish has an end, and nothing else has")
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


# Files -------------------------------------------------------------------------------------------------------------


class Check:
    """One check of one file: what was found so far.

    `whole`: the entries from the first on, without a gap so far, so that their order can be told.
    """

    def __init__(self, keys, witnesses, dating, say):
        """Take who may have signed, and begin before the first entry."""
        self.keys, self.witnesses, self.dating, self.say = keys, witnesses, dating, say
        self.order, self.marks, self.names = Order(), Marks(), Names(keys)
        self.faults, self.count, self.size, self.whole, self.name = [], 0, 0, True, ""

    def fault(self, where, what):
        """Note that something is wrong."""
        self.faults.append((where, what))

    def checkpoint(self, note):
        """Read the file's checkpoint; give its root, None when the log's key has not signed it."""
        text = signed_text(note, self.keys)
        if text is None:
            self.whole = False
            self.fault("checkpoint", "it is not signed with this key")
            return None
        self.size, root, at = read_checkpoint(text)
        self.name = text.partition("\n")[0]
        self.dating.add(self.size, at)
        self.faults += missing_witnesses(note, text, self.witnesses)
        return root

    def entry(self, index, content, before):
        """Take the next entry; `before` gives the root of the leaves before it."""
        entry, where = read_entry(content), f"entry {index}"
        if entry is None:
            self.fault(where, "it is no entry of this log")
            return
        try:
            found = list(self.order.faults(entry)) if self.whole else []
            found += self.dating.faults(index, entry)
            found += self.marks.faults(index, entry)
            found += self.names.faults(index, entry, before, self.whole)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            found = ["it is no entry of this log"]
        self.faults += [(where, what) for what in found]

    def lines(self, lines, root):
        """Take every exported line."""
        tree = Tree()
        for line in lines:
            record = json.loads(line)
            index, content = record["index"], record["entry"].encode()
            found, before = climb(
                content, index, self.size, [bytes.fromhex(each) for each in record["proof"]]
            )
            if found != root:
                self.fault(f"entry {index}", "it does not stand in the log at this place")
            self.whole = self.whole and index == self.count
            if self.whole:
                tree.add(content)
            self.entry(index, content, lambda root=before: root)
            self.count += 1
            if self.count % 1000 == 0:
                self.say(f"\rchecked {self.count} of at most {self.size}")
        self.whole = self.whole and self.count == self.size
        if self.whole and tree.root() != root:
            self.fault("checkpoint", "its root is not that of the entries")

    def name_fault(self, where, size, name):
        """Note a checkpoint under a name that the log did not have at its size."""
        if not self.names.fits(size, name, self.name):
            self.fault(where, f"it is signed under the name {name}, which the log did not bear at that size")

    def kept(self, files):
        """Read the checkpoints that somebody kept: (size, root, name)."""
        known = []
        for file in files:
            note = file.read_text()
            text = signed_text(note, under_the_name_of(note, self.keys))
            if text is None:
                self.fault("kept checkpoint", "it is not signed with this key")
                continue
            size, root, at = read_checkpoint(text)
            self.dating.add(size, at)
            known.append((size, root, text.partition("\n")[0]))
        return known


def check_proof(check, record):
    """Check one proof.json."""
    root = check.checkpoint(record["checkpoint"])
    if root is not None:
        line = json.dumps({name: record[name] for name in ("index", "entry", "proof")})
        check.lines([line], root)


def check_archive(check, archive):
    """Check an exported archive: its own signature, the checkpoint's, and every entry."""
    read = {name: archive.extractfile(name).read() for name in ("archive", "checkpoint")}
    root = check.checkpoint(read["checkpoint"].decode())
    if root is None:
        return
    own = signed_text(read["archive"].decode(), check.keys, "consent-gateway/archive/v1")
    digest, content = hashlib.sha256(), archive.extractfile("entries.jsonl")

    def lines():
        for line in content:
            digest.update(line)
            yield line

    since, until, signed_size = read_span(own)
    check.lines(within(lines(), since, until, check), root)
    said = own.split("\n") if own else []
    if own is None:
        check.fault("archive", "it is not signed with this key")
    elif said[2:4] != [f"entries {check.count}", f"sha256 {digest.hexdigest()}"]:
        check.fault(
            "archive", "its entries are not those that were signed: some were added, changed or cut off"
        )
    elif signed_size not in (None, check.size):
        check.fault("archive", "its checkpoint is not the one that it was made under")


def read_span(text):
    """Read what an archive claims to hold: all entries from one second on, before another, of so many leaves.

    Archives of earlier versions claim nothing: None for each.
    """
    words = dict(line.split(" ", 1) for line in (text or "").split("\n")[4:7] if " " in line)
    return tuple(
        int(words[name]) if words.get(name, "-") != "-" else None for name in ("since", "until", "size")
    )


def within(lines, since, until, check):
    """Pass lines on; name the entries that lie outside of what the archive says that it holds."""
    for line in lines:
        record = json.loads(line)
        at = (read_entry(record["entry"].encode()) or {}).get("at")
        if at is not None and ((since is not None and at < since) or (until is not None and at >= until)):
            check.fault(f"entry {record['index']}", "it lies outside of the time that the archive is about")
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


def read_archives(check, folder):
    """Read the signed manifests of a folder's archives, in order: (first, end, SHA-256 of the bundles)."""
    found = []
    for file in sorted((folder / "archives").iterdir(), key=lambda each: int(each.name.partition("-")[0])):
        note = file.read_text()
        # The second line is the name that the log had when it was written; it may have moved since.
        keys = under_the_name_of(note.partition("\n")[2], check.keys)
        text = signed_text(note, keys, "consent-gateway/log-archive/v1")
        words = text.split("\n") if text else []
        if not words or f"leaves {file.name.replace('-', ' ')}" != words[2]:
            check.fault(f"archive {file.name}", "it is not signed with this key")
            continue
        first, end = map(int, words[2].split(" ")[1:])
        if first != (found[-1][1] if found else 0):
            check.fault(f"archive {file.name}", "it does not begin where the one before ended")
        found.append((first, end, words[4].removeprefix("sha256 ")))
    return found


def check_folder(check, folder, known):
    """Check a folder of archives: manifests, every entry against the tiles, the tree against the checkpoint."""
    root = check.checkpoint((folder / "checkpoint").read_text())
    if root is None:
        return
    due = {check.size: [("checkpoint", root)]}
    for kept_size, kept_root, _ in known:
        due.setdefault(kept_size, []).append(("kept checkpoint", kept_root))
    archives = read_archives(check, folder)
    for first, end, digest in archives:
        bundles = hashlib.sha256()
        for index in range(first // 256, end // 256):
            bundles.update((folder / "tile" / "entries" / tile_name(index)).read_bytes())
        if bundles.hexdigest() != digest:
            check.fault(f"archive {first}-{end}", "its entries are not those that were signed")
    end, tree = archives[-1][1] if archives else 0, Tree()
    for index in range(-(-check.size // 256)):
        hashes, entries = read_tile(check, folder, index, end)
        for place, each in enumerate(hashes, start=256 * index):
            if entries:
                check.entry(place, entries[place - 256 * index], tree.root)
            tree.add_hash(each)
            for subject, expected in due.pop(place + 1, ()):
                if tree.root() != expected:
                    check.fault(subject, "its root is not that of the tiles: the log was rewritten")
        check.count += len(entries)
        check.say(f"\rchecked {256 * index + len(hashes)} of {check.size}")
    for subject in [each[0] for rest in due.values() for each in rest]:
        check.fault(subject, "the log is shorter than it was")
    check.whole = check.count == end


def read_tile(check, folder, index, end):
    """Read a tile's hashes and, before the archives' end, its entries; none where they are not what the tile says."""
    width = min(256, check.size - 256 * index)
    name = tile_name(index) + ("" if width == 256 else f".p/{width}")
    content = (folder / "tile" / "0" / name).read_bytes()
    hashes = [content[at : at + 32] for at in range(0, len(content), 32)]
    if len(content) != 32 * width:
        check.fault(f"tile 0/{name}", "it has another width than it must")
    if 256 * index >= end:
        return hashes, []
    entries = unbundled((folder / "tile" / "entries" / name).read_bytes())
    if entries is None or [sha256(b"\x00" + each) for each in entries] != hashes:
        check.fault(f"entries {name}", "they are not what the tree says")
        return hashes, []
    return hashes, entries


def check_known(check, size, root, lines):
    """Compare a checkpoint that somebody kept with a whole log's entries."""
    tree = Tree()
    for count, line in enumerate(lines, start=1):
        tree.add(json.loads(line)["entry"].encode())
        if count == size:
            if tree.root() != root:
                check.fault("kept checkpoint", "the log was rewritten since: it forks from what you hold")
            return
    check.fault("kept checkpoint", "the log is shorter than it was: it was rolled back or cut off")


def check_file(check, file, kept):
    """Check a file of either kind, or a folder."""
    known = check.kept(kept)
    if file.is_dir():
        check_folder(check, file, known)
    elif not tarfile.is_tarfile(file):
        if kept:
            raise Unreadable("--checkpoint needs an archive of the whole log, or a folder of archives")
        check_proof(check, json.loads(file.read_text()))
    else:
        with tarfile.open(file) as archive:
            check_archive(check, archive)
            if kept and not check.whole:
                raise Unreadable("--checkpoint needs an archive of the whole log")
            for size, root, _ in known:
                check_known(check, size, root, archive.extractfile("entries.jsonl"))
    if check.name:
        for where, size, name in [
            ("checkpoint", check.size, check.name),
            *(("kept checkpoint", *each[::2]) for each in known),
        ]:
            check.name_fault(where, size, name)


def report(check):
    """Print what was found, for a reader."""
    for subject, what in check.faults:
        print(f"✗ {subject}: {what}")
    if check.marks.unmarked:
        places = ", ".join(map(str, check.marks.unmarked))
        print(
            f"· {len(check.marks.unmarked)} older entries name a person by their id, which no newer one may: {places}"
        )
    if not check.faults:
        order = (
            "and the order of every grant and contact is right"
            if check.whole
            else "(a part: the order was not checked)"
        )
        print(f"✓ {check.count} of {check.size} entries stand in the log {order}")


def main():
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="archive, folder of archives, or proof.json")
    parser.add_argument(
        "--key", action="append", required=True, help="verifier keys of the log, one a line; may be repeated"
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
        check = Check(read_keys(given.key), read_keys(given.witness, 4), Dating(given.tolerance), say)
        check_file(check, given.file, given.checkpoint)
    except (Unreadable, OSError, KeyError, ValueError, TypeError, AttributeError, tarfile.TarError) as error:
        print(f"cannot be read: {error.__class__.__name__}: {error}", file=sys.stderr)
        return 2
    say("\r")
    if given.json:
        found = [{"subject": subject, "what": what} for subject, what in check.faults]
        answer = {"ok": not found, "entries": check.count, "size": check.size, "whole": check.whole}
        print(json.dumps({**answer, "unmarked": check.marks.unmarked, "faults": found}))
    else:
        report(check)
    return 1 if check.faults else 0


if __name__ == "__main__":
    sys.exit(main())
