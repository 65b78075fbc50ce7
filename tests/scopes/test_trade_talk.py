"""A reviewer is shown words of marketing and of trade in data, however they are spelt, and few others (P1)."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopes import find_trade_words
from scopes.trade_words import TRADE_WORDS

EXAMPLES = [
    ("You get adverts from our sponsors.", "en", "adverts"),
    ("We sell your details.", "en", "sell your details"),
    ("We may sell some of your personal data.", "en", "sell some of your personal data"),
    ("Special offers for students!", "en", "Special offers"),
    ("Sponsored quizzes", "en", "Sponsored"),
    ("A weekly newsletter", "en", "newsletter"),
    ("E-Mail-Marketing", "en", "Marketing"),
    ("showAds", "en", "Ads"),
    ("our CRM", "en", "CRM"),
    ("यहाँ विज्ञापन दिखते हैं।", "hi", "विज्ञापन"),
    ("विज्ञापनों के लिए", "hi", "विज्ञापनों"),
    ("आपकी जानकारी हम बेचते हैं", "hi", "जानकारी हम बेचते"),
    ("विशेष ऑफ़र", "hi", "विशेष ऑफ़र"),
    ("ಜಾಹೀರಾತು ತೋರಿಸುತ್ತೇವೆ", "kn", "ಜಾಹೀರಾತು"),
    ("ಜಾಹೀರಾತಿಗಾಗಿ", "kn", "ಜಾಹೀರಾತಿಗಾಗಿ"),
    ("ನಿಮ್ಮ ಮಾಹಿತಿಯನ್ನು ಮಾರುತ್ತೇವೆ", "kn", "ಮಾಹಿತಿಯನ್ನು ಮಾರುತ್ತೇವೆ"),
    ("Wir zeigen Werbung.", "de", "Werbung"),
    ("Werbeanzeigen", "de", "Werbeanzeigen"),
    ("Gesponserte Inhalte", "de", "Gesponserte"),
    ("Sonderangebote für dich", "de", "Sonderangebote"),
    ("De la publicité ciblée", "fr", "publicité"),
    ("la vente de vos données", "fr", "vente de vos données"),
    ("Publicidad de terceros", "es", "Publicidad"),
    ("vender tus datos", "es", "vender tus datos"),
    ("Показываем рекламу", "ru", "рекламу"),
    ("Διαφημίσεις", "el", "Διαφημίσεις"),
]
DISGUISED = [
    "аdvеrts",  # with a Cyrillic a and e
    "ѕроnѕоrеd",  # nearly all of it Cyrillic
    "sрοnsοred",  # with Greek omicrons
    "ＡＤＶＥＲＴＳ",
    "𝐬𝐩𝐨𝐧𝐬𝐨𝐫𝐞𝐝",
    "spon\u200bsored",
    "spon\u00adsored",
    "spon\u2060sor\ufe0fed",
    "spon\u034fsored",
    "spo\u3164nsored",
    "s\u0336p\u0336o\u0336nsored",
    "spónsöred",
    "ꜱᴘᴏɴꜱᴏʀᴇᴅ",
    "SPОNSОRЕD",
    "sp0nsored",
    "spon$ored",
    "@dverts",
    "ad-verts",
    "s.p.o.n.s.o.r.e.d",
    "s p o n s o r e d",
    "mar keting",
    "seӏl your data",
    "sell-your-data",
    "sell\u00a0your\u2003data",
]
HARMLESS = [
    "A combined service offer",
    "We offer quizzes that fit your lecture.",
    "QuizCo builds quizzes from your lectures.",
    "The quiz fits your lecture.",
    "It stands on the parcel.",
    "You get the parcel's tracking number.",
    "Adapt the pace, add notes, and read on.",
    "It promotes learning; promotion to the next form",
    "A target of ten pages, targeted practice",
    "The salesperson problem; wholesale; counsellor",
    "So that it can tell you your results",
    "Bewerbung um einen Studienplatz; die Anzeige deiner Noten",
    "Angebote deiner Hochschule",
    "La promotion 2027, les offres de cours",
    "Los anuncios del curso",
    "नाम और पाठ्यक्रम, ताकि परिणाम पर आपका नाम हो",
    "ನಿಮ್ಮ ಹೆಸರು ಮತ್ತು ಕೋರ್ಸ್",
    "Ваши результаты",
    "Registered at Harbour Row 4, Galway",
]


@pytest.mark.parametrize(("text", "language", "found"), EXAMPLES)
def test_each_word_is_named_with_its_place_and_language(text, language, found):
    assert (found, text.index(found), language) in [
        (each.found, each.start, each.language) for each in find_trade_words(text)
    ]


@pytest.mark.parametrize("text", DISGUISED)
def test_a_disguise_does_not_help(text):
    assert find_trade_words(text)
    assert find_trade_words(f"You get {text} here.")


@pytest.mark.parametrize("text", HARMLESS)
def test_an_honest_text_about_learning_is_no_reason_to_stop(text):
    assert find_trade_words(text) == ()


def test_what_rules_it_out_is_shown_as_well():
    """A reviewer reads it and ticks it: no list can tell a promise from its opposite."""
    assert find_trade_words("Free of advertisements; we never sell your data.")


@pytest.mark.parametrize("language", TRADE_WORDS)
def test_each_entry_finds_itself(language):
    for entry in TRADE_WORDS[language]:
        text = entry.replace("*", "").replace(" … ", " so gut ")
        assert find_trade_words(text), entry


@given(st.sampled_from([text for text, _, _ in EXAMPLES]), st.data())
def test_case_width_and_invisible_characters_change_nothing(text, data):
    at = data.draw(st.integers(1, len(text) - 1))
    unseen = data.draw(st.sampled_from(["\u200b", "\u2060", "\u00ad", "\ufe0f", "\u200e"]))
    assert find_trade_words(text[:at] + unseen + text[at:])
    assert find_trade_words(text.upper())
    assert find_trade_words(unicodedata.normalize("NFD", text))


@given(st.text(max_size=80))
def test_what_is_found_stands_where_it_is_said(text):
    for each in find_trade_words(text):
        assert text[each.start :].startswith(each.found)
