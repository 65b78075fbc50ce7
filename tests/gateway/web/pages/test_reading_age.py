"""What people read on pages and in letters can be read by a child of twelve (Flesch and Kincaid, 1975).

Administrators' pages and what partners' developers read are not held to it. The grade counts words in a sentence and
syllables in a word, so it is held for whole sentences of some length; two words alone would say nothing.
"""

import re
from functools import cache

from babel.messages.catalog import Message
from pyphen import Pyphen

from tests.gateway.web.messages import key, source_messages

AGE = 12
AGE_AT_SCHOOL = 5
"""Grade 1 is the year after a child's fifth birthday; Flesch and Kincaid's grade and this make the age."""
FEWEST_WORDS = 8
NOT_FOR_PEOPLE = (
    "gateway/web/templates/_admin", "gateway/web/templates/_asking", "gateway/web/templates/_doors",
    "gateway/web/templates/admin_", "gateway/web/templates/authorization_error",
    "gateway/web/templates/error_code", "gateway/web/administration/", "gateway/web/guardians/links",
    "gateway/web/partners/", "gateway/web/pages/admin", "gateway/web/pages/error_help",
    "gateway/web/pages/sections", "gateway/actions/administration/", "gateway/actions/partners/",
    "gateway/actions/guardians/fitness", "gateway/actions/guardians/links",
    "gateway/actions/guardians/naming", "gateway/actions/guardians/seconds",
    "gateway/actions/consent/brake_letters", "gateway/actions/waiting", "gateway/accounts/people_list",
    "gateway/kit/errors", "gateway/model/administration/",
)  # fmt: skip
"""Where the texts stand that only administrators, partners' developers and operators read."""
ALLOWED = {
    "I agree that %(partner)s, another company, receives the details of %(child)s listed above.": (
        "what a guardian agrees to names the company, that it is another one, and the child, in one sentence"
    ),
}
"""Sentences that are harder than that, each with the reason why it cannot be said more simply."""

HYPHENS = Pyphen(lang="en_US")
WORD = re.compile(r"[^\W\d_](?:[^\W_]|['’-](?=\w))*")


def readable(text: str) -> str:
    """Put a name where one will stand, and leave out what marks up."""
    return re.sub(r"<[^>]*>|%%", "", re.sub(r"%\(\w+\)s", "Asha", text))


@cache
def syllables(word: str) -> int:
    """Count syllables: as groups of vowels without a mute e, or as hyphenation does where it finds more."""
    spoken = re.sub(r"(?<=[^laeiouy])e[ds]?$", "", word.lower())
    return max(len(re.findall(r"[aeiouy]+", spoken)), len(HYPHENS.positions(word)) + 1)


def reading_age(text: str) -> float:
    """Return the age at which a text can be read: grade level after Flesch and Kincaid, counted from its first year."""
    words = WORD.findall(text)
    sentences = max(len(re.findall(r"[.:;!?](?:\s|$)", text)), 1)
    grade = 0.39 * len(words) / sentences + 11.8 * sum(map(syllables, words)) / len(words) - 15.59
    return grade + AGE_AT_SCHOOL


def is_for_people(message: Message) -> bool:
    """Tell whether a text stands anywhere that is not for others alone."""
    return any(not file.startswith(NOT_FOR_PEOPLE) for file, _ in message.locations)


@cache
def sentences() -> list[str]:
    """Return what people read, of some length."""
    found = [key(message) for message in source_messages() if message.id and is_for_people(message)]
    return [text for text in found if len(WORD.findall(readable(text))) >= FEWEST_WORDS]


def test_the_formula_tells_plain_words_from_hard_ones() -> None:
    """It would let everything pass if it counted wrongly."""
    assert reading_age("The cat sat on the mat. It was warm there, and it fell asleep.") < 6
    assert (
        reading_age("Notwithstanding contractual stipulations, administrative authorisation is irrevocable.")
        > 20
    )


def test_people_of_twelve_can_read_every_sentence() -> None:
    """Whoever writes a harder one says it more simply, or says above why it cannot be."""
    hard = {text: round(reading_age(readable(text)), 1) for text in sentences()}
    found = {text: age for text, age in hard.items() if age >= AGE and text not in ALLOWED}
    assert not found, f"harder to read than at {AGE} (shorter sentences and shorter words help): {found}"


def test_no_exception_outlives_its_text() -> None:
    """The list only shrinks."""
    assert set(ALLOWED) <= {text for text in sentences() if reading_age(readable(text)) >= AGE}
