"""Why somebody acted, in two voices: to the person whom it concerns, and among administrators."""

from gateway.model.grants import ReasonCode
from gateway.web.pages.formats import later, say

REASON_WORDS = {
    ReasonCode.USER_REQUEST: (later("you asked for it"), later("The person asked for it")),
    ReasonCode.PHONE_REQUEST: (later("asked for by phone"), later("The person asked by phone")),
    ReasonCode.GUARDIAN_REQUEST: (later("a guardian asked for it"), later("A guardian asked for it")),
    ReasonCode.SCHOOL_POLICY: (later("the school's rules"), later("The school's policy")),
    ReasonCode.PARTNER_BREACH: (
        later("the partner broke its agreement"),
        later("The partner broke its terms"),
    ),
    ReasonCode.MARKETING_COMPLAINT: (
        later("complaint about advertising"),
        later("Complaint about advertising"),
    ),
    ReasonCode.PARTNER_ENDED: (later("the partner ended it"), later("The partner ended")),
    ReasonCode.NOTICE_CHANGED: (later("the terms changed"), later("The notice changed")),
    ReasonCode.EXPIRED: (later("it ran out"), later("It ran out")),
    ReasonCode.UNUSED: (later("it was not used"), later("It was not used")),
    ReasonCode.AGE_TRANSITION: (later("coming of age"), later("The person came of age")),
    ReasonCode.ACCOUNT_CLOSED: (later("the account was closed"), later("The account was closed")),
    ReasonCode.SECURITY_INCIDENT: (later("a security incident"), later("Security incident")),
    ReasonCode.LEGAL_ORDER: (later("a legal order"), later("Order of a court or an authority")),
    ReasonCode.DATA_ERROR: (later("a fault in the data"), later("The data was wrong")),
    ReasonCode.ADMIN_CORRECTION: (later("an administrator's correction"), later("Correction of a mistake")),
}
"""For each reason: how it ends a line of the person's history, and how it stands in a list to choose from."""


def reason_words(reason: ReasonCode | None) -> str:
    """Say why somebody acted; empty when nobody said."""
    return say(REASON_WORDS[reason][0]) if reason else ""


def reason_choice(reason: ReasonCode) -> str:
    """Name a reason among administrators."""
    return say(REASON_WORDS[reason][1])
