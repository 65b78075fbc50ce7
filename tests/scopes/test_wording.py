"""The words a person decides on are complete, ours, and not bendable by a partner's name."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopes import (
    DENIED,
    FIELDS,
    LANGUAGES,
    PURPOSES,
    STORED_FIELDS,
    Form,
    duration,
    either,
    field_label,
    form_label,
    missing_wording,
    never_shared,
    notice_line,
    purpose_label,
    retention,
    so_that,
    yes_no,
)
from scopes.wording import TEXTS


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_complete(language):
    assert missing_wording(language) == [], f"scopes/wording_{language}.py lacks these"


def test_a_language_to_come_knows_what_it_lacks_and_english_stands_in():
    missing = missing_wording("ta")
    assert {"field.name", "purpose.service_provision.text", "duration.days.other"} <= set(missing)
    assert "purpose.marketing.text" not in missing
    assert field_label("name", "ta") == "Name"
    assert duration(30, "ta") == "30 days"


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_no_word_is_for_nothing_and_every_place_survives(language):
    english = {
        **TEXTS["en"],
        **{f"field.{name}": field.label["en"] for name, field in FIELDS.items()},
        **{f"purpose.{code}": purpose.label["en"] for code, purpose in PURPOSES.items()},
        **{f"purpose.{code}.text": purpose.text.get("en", "") for code, purpose in PURPOSES.items()},
    }
    for key, text in TEXTS[language].items():
        assert sorted(re.findall(r"{\w*}", text)) == sorted(re.findall(r"{\w*}", english[key])), key


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(PURPOSES.keys() - DENIED))
def test_a_child_reads_words_of_its_own(language, code):
    own = so_that(code, language, partner="QuizCo", service="Quiz", child=True)
    assert own != so_that(code, language, partner="QuizCo", service="Quiz")
    assert not set("{}") & set(own)


def test_a_child_is_not_talked_to_in_long_words():
    words = [
        word
        for code in sorted(PURPOSES.keys() - DENIED)
        for word in so_that(code, partner="QuizCo", service="Quiz", child=True).split()
    ]
    assert max(map(len, words)) <= len("something")
    assert sum(map(len, words)) / len(words) < 4.5


def test_a_notice_is_written_in_its_language():
    assert notice_line("version", "hi", version=3) == "सूचना, संस्करण 3"
    assert notice_line("questions", contact="a@b.example") == "Questions: a@b.example"
    assert notice_line("advertising", "kn", partner="כהן").startswith("\u2068כהן\u2069")
    assert either(["a", "b"], "kn") == "a ಅಥವಾ b"


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (None, "until you stop"),
        (0, "once"),
        (1, "1 day"),
        (30, "30 days"),
        (365, "12 months"),
        (366, "12 months"),
    ],
)
def test_durations(days, words):
    assert duration(days) == words


def test_retention():
    assert retention(30, partner="QuizCo") == "QuizCo keeps it for 30 days after you stop, then deletes it"
    assert retention(0, partner="QuizCo") == "QuizCo deletes it as soon as you stop"


def test_what_is_never_shared_leaves_out_what_is_asked_for():
    sentence = never_shared(["name", "email"], partner="QuizCo")
    assert sentence == (
        "Never shared with QuizCo: phone, postal address, other e-mail, date of birth, your password"
    )


@pytest.mark.parametrize("code", sorted(PURPOSES.keys() - DENIED))
def test_every_usable_purpose_says_so_that(code):
    line = so_that(code, partner="QuizCo", service="Practice quizzes")
    assert line.startswith("so that ")
    assert not set("{}") & set(line)
    assert purpose_label(code)


@pytest.mark.parametrize("name", [*FIELDS, *STORED_FIELDS])
def test_every_field_and_form_has_a_name(name):
    assert field_label(name)
    assert all(form_label(name, form) for form in (FIELDS[name].forms if name in FIELDS else ()))


def test_a_masked_phone_number_is_called_what_it_is():
    assert form_label("phone_number", Form.MASKED) == "last two digits"
    assert form_label("email", Form.MASKED) == "masked"


@given(st.text())
def test_a_partners_name_is_text_and_no_template(name):
    line = so_that("customer_support", partner=name, service="")
    assert name in line
    assert line.endswith(" can answer when you ask for help")


def test_a_name_written_from_right_to_left_does_not_turn_the_sentence():
    line = so_that("customer_support", partner="כהן", service="")
    assert line == "so that \u2068כהן\u2069 can answer when you ask for help"


def test_yes_and_no():
    assert (yes_no(True), yes_no(False)) == ("yes", "no")
