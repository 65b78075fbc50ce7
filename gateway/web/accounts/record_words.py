"""Words for what stands in a person's own record as one of a closed list; everything else stands there as it is."""

from collections.abc import Mapping
from types import MappingProxyType

from gateway.actions.guardians.new_proposals import METHODS
from gateway.model.people import ROLE_WORDS
from gateway.web.pages.complaint_words import COMPLAINT_WORDS
from gateway.web.pages.formats import later

RECORD_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "role": {str(role): words for role, words in ROLE_WORDS.items()},
        "state": {
            "invited": later("Invited"),
            "active": later("Active"),
            "deactivated": later("Deactivated"),
            "closed": later("Closed"),
            "waiting": later("Waiting"),
            "paused": later("Paused"),
            "refused": later("Refused"),
            "ended": later("Ended"),
            "live": later("On"),
            "open": later("Waiting"),
            "confirmed": later("Confirmed"),
            "declined": later("Declined"),
            "withdrawn": later("Withdrawn"),
            "asked": later("Asked"),
            "received": later("Received"),
            "overdue": later("Overdue"),
            "done": later("Done"),
        },
        "source": {"self": later("From you"), "school": later("From your school")},
        "kind": {
            "password": later("Password"),
            "recovery": later("For a new password"),
            "verification": later("To confirm an address"),
            "digest": later("What you share"),
            "unused": later("Not used for long"),
            "ending": later("Ends soon"),
            "guardian": later("Guardian"),
            **{str(kind): words for kind, words in COMPLAINT_WORDS.items()},
        },
        "type": {
            "accepted": later("Said yes"),
            "changed": later("Changed what is shown"),
            "ended": later("Ended it"),
        },
        "by": {"you": later("you"), "other": later("the other person")},
        "acr": {
            "pwd": later("Password"),
            "mfa": later("Password and a second factor"),
            "phr": later("Passkey"),
        },
        "decision": {"allow": later("Yes"), "deny": later("No")},
        "method": METHODS,
        "surface": {"consent_screen": later("Consent screen"), "guardian_page": later("Guardian's page")},
        "name": {"promotional_mail": later("News by mail"), "statistics": later("Statistics")},
    }
)
"""By the name of the member, then by its value."""
