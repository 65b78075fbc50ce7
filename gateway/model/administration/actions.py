"""Administrators' acts, reads of the log among them, and what each may say in its details."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

MOVE_LOG = "move_log"
"""The act that takes the log to another name; its entry names the last checkpoint under the old one."""
SYSTEM = "system"
"""Who acts where nobody does: a date came, or a rule wanted it."""
REGISTRATION = "registration"
"""How the actor begins where a partner's client registers, changes or leaves; the client's id follows."""
ENTRY_VERSION = 2
"""Of the format of an act's entry. In version 1, ids of people could stand in details as they are."""
_CONDITIONS = frozenset({"conditions"})
_REQUEST = frozenset({"request", "kind", "content"})

DETAILS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "add_account": frozenset({"request", "role"}),
        "allow_neither": frozenset({"client", "why", "request"}),
        "allow_nonce": frozenset({"client", "why"}),
        "announce_end": frozenset({"request"}),
        "answer_complaint": frozenset({"answer"}),
        "approve_as_second": _REQUEST,
        "approve_partner": frozenset({"manifest", "offers", "material", "request", "texts", "flagged"}),
        "archive_log": frozenset({"sha256"}),
        "ask_for_second": _REQUEST,
        "begin_import": frozenset({"rows"}),
        "break_glass": _REQUEST,
        "change_role": frozenset({"request", "before", "after"}),
        "client_left": frozenset({"client"}),
        "demand_pkce": frozenset({"client"}),
        "end_partner": frozenset({"live_grants"}),
        "first_administrators": frozenset({"accounts"}),
        "gate_allow": frozenset({"organisation"}),
        "gate_ask": frozenset({"organisation"}),
        "gate_deny": frozenset({"organisation"}),
        "import_people": frozenset({"created", "known", "waiting", "faults"}),
        "link_guardian": frozenset({"guardian", "method"}),
        MOVE_LOG: frozenset({"checkpoint"}),
        "new_client_secret": frozenset({"client"}),
        "pause_for_complaints": frozenset({"people"}),
        "pause_partner": frozenset({"live_grants"}),
        "promotional_mail_off": _CONDITIONS,
        "propose_guardian": frozenset({"guardian", "method", "request"}),
        "prune_log": frozenset({"sha256"}),
        "read_log": _CONDITIONS,
        "refuse_as_second": _REQUEST,
        "reject_manifest": frozenset({"manifest", "why"}),
        "request_ran_out": _REQUEST,
        "retire_client": frozenset({"client"}),
        "reactivate_person": frozenset({"request"}),
        "reset_second_factor": frozenset({"request"}),
        "resume_partner": frozenset({"live_grants"}),
        "return_partner": frozenset({"live_grants"}),
        "review_partner": frozenset({"live_grants"}),
        "say_yes_to_manifest": frozenset({"manifest"}),
        "search_grants": _CONDITIONS,
        "search_people": _CONDITIONS,
        "set_zone": _CONDITIONS,
        "unlink_guardian": frozenset({"guardian", "ended"}),
        "withdraw_guardian": frozenset({"guardian"}),
        "withdraw_request": _REQUEST,
    }
)
"""Names of the details that an act may have; an act that is not here has none."""
ABOUT_PARTNERS = frozenset(
    {
        "allow_neither",
        "allow_nonce",
        "announce_end",
        "approve_as_second",
        "approve_partner",
        "ask_for_second",
        "break_glass",
        "call_off_end",
        "client_left",
        "demand_pkce",
        "end_partner",
        "gate_allow",
        "gate_ask",
        "gate_deny",
        "new_client_secret",
        "new_registration_token",
        "pause_for_complaints",
        "pause_partner",
        "refuse_as_second",
        "reject_manifest",
        "request_ran_out",
        "resume_partner",
        "retire_client",
        "return_partner",
        "review_partner",
        "say_yes_to_manifest",
        "withdraw_request",
    }
)
"""Acts that stand in the history on a partner's page, which has words for each of them."""

BRAKES = frozenset({"announce_end", "pause_for_complaints", "pause_partner"})
"""Acts that hold back every consent for a partner."""
BRAKES_OFF = frozenset({"call_off_end", "resume_partner"})
"""Acts that let a partner go on."""
GATE_CLOSES = frozenset({"gate_ask", "gate_deny"})
"""Acts by which a school holds back its members' consents for a partner."""
GATE_OPENS = frozenset({"gate_allow"})
"""Acts by which a school lets them go on."""


class UnlistedAct(Exception):
    """An act would stand on a partner's page, which has no words for it."""


class UnlistedDetail(Exception):
    """An act would put on record for ever what nobody has decided that it may."""


@dataclass(frozen=True, slots=True)
class AdminAction:
    """One act of an administrator; `detail` holds names and counts, never a value.

    Attributes:
        entry_version: in which version of the format it is an entry of the log; it stays as it was committed.
    """

    action_id: str
    actor_id: str
    action: str
    target_kind: str
    target_id: str
    at: int
    reason: str | None = None
    detail: dict[str, str | int] = field(default_factory=dict)
    entry_version: int = ENTRY_VERSION

    def check(self) -> None:
        """Check that the act, and each of its details, is one that may go on record.

        Raises:
            UnlistedAct: it is about a partner, and `ABOUT_PARTNERS` does not list it.
            UnlistedDetail: `DETAILS` does not list it.
        """
        if self.target_kind == "partner" and self.action not in ABOUT_PARTNERS:
            raise UnlistedAct(f"{self.action} is not in ABOUT_PARTNERS, and no page has words for it")
        unlisted = self.detail.keys() - DETAILS.get(self.action, frozenset())
        if unlisted:
            raise UnlistedDetail(f"{self.action} has no detail {', '.join(sorted(unlisted))}")
