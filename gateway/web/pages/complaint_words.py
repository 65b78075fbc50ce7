"""The words of complaints and of their answers, for the person and for administrators alike."""

from gateway.web.pages.formats import later

COMPLAINT_WORDS = {
    "advertising": later("They advertised to me"),
    "too_much": later("They ask for too much"),
    "not_stopped": later("They went on after I stopped"),
    "wrong_use": later("They use it for something else"),
    "other": later("Something else"),
}
ANSWER_WORDS = {
    "looking": later("We are looking into it"),
    "partner_told": later("We told the partner to put it right"),
    "partner_stopped": later("We stopped the partner for everybody"),
    "settled": later("It was settled with you"),
    "no_breach": later("We looked and found no breach"),
}
