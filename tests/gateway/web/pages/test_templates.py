"""Every page in every state: well formed, escaped, accessible, translatable, and true to consent.md."""

import re
from collections import Counter
from dataclasses import fields, is_dataclass, replace
from functools import cache
from gettext import NullTranslations
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_origin, get_type_hints

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.kit.clock import DAY
from gateway.web.pages import views
from gateway.web.pages.formats import href, initials, plain, tone
from gateway.web.pages.render import page, static_files, static_url
from gateway.web.pages.views import PAGES, View
from gateway.web.server import assets
from tests.gateway.web.samples import SAMPLES
from tests.gateway.web.samples.consent import amend, consent
from tests.gateway.web.samples.frame import officer, person, stranger

VOID = {"meta", "link", "img", "input", "br"}
WEB = Path(assets.__file__).parents[1]
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
everywhere = pytest.mark.parametrize("name", SAMPLES)


class Tree(HTMLParser):
    """A page as a list of elements, each with its attributes, its text, and the tags that it stands in."""

    def __init__(self, html: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None], list[str], tuple[int, ...]]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[int] = []
        self.feed(html.decode())
        self.close()
        assert not self.open, f"left open: {[self.elements[i][0] for i in self.open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"{tag} has an attribute twice"
        self.elements.append((tag, dict(attrs), [], tuple(self.open)))
        if tag not in VOID:
            self.open.append(len(self.elements) - 1)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        opened = self.elements[self.open.pop()][0]
        assert opened == tag, f"</{tag}> closes <{opened}>"

    def handle_data(self, data: str) -> None:
        for index in self.open:
            self.elements[index][2].append(data)
        if self.open and data.strip():
            self.texts.append((self.elements[self.open[-1]][0], data.strip()))

    def all(self, tag: str, **wanted: str) -> list[tuple[dict[str, str | None], str]]:
        """Attributes and text of each element of this tag whose attributes are as wanted."""
        return [
            (attributes, " ".join("".join(text).split()))
            for name, attributes, text, _ in self.elements
            if name == tag and all(attributes.get(key.rstrip("_")) == value for key, value in wanted.items())
        ]

    def shape(self) -> list[tuple[str, tuple[str, ...], int]]:
        """The page without its words: tags, names of attributes, depth."""
        return [(tag, tuple(attributes), len(inside)) for tag, attributes, _, inside in self.elements]


@cache
def tree(name: str) -> Tree:
    return Tree(page(*SAMPLES[name]))


def shown(view: View, name: str) -> Tree:
    return Tree(page(name, view))


def filled(value: Any, text: str) -> Any:
    """The same view with every text in it replaced; what is one of a closed list stays."""
    if isinstance(value, str):
        return text
    if isinstance(value, tuple):
        return tuple(filled(each, text) for each in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    hints = get_type_hints(type(value))
    kept = {"language", "timezone"} if isinstance(value, views.Chrome) else set()
    return replace(
        value,
        **{
            field.name: filled("" if hints[field.name] == str | None else getattr(value, field.name), text)
            for field in fields(value)
            if get_origin(hints[field.name]) is not Literal and field.name not in kept
        },
    )


def test_every_page_has_a_template_a_view_and_a_sample() -> None:
    templates = {path.stem for path in (WEB / "templates").glob("[!_]*.html")}
    assert templates == set(PAGES) == {name for name, _ in SAMPLES.values()}
    leaves = {view for view in vars(views).values() if isinstance(view, type) and issubclass(view, View)}
    assert leaves - {View, views.Asking, views.AdminView} == set(PAGES.values())
    assert all(name.split(".")[0] == of for name, (of, _) in SAMPLES.items())


def test_a_page_refuses_the_view_of_another() -> None:
    with pytest.raises(TypeError, match="login shows a LoginView, not a ConsentView"):
        page("login", consent)


@everywhere
def test_one_heading_one_main_and_landmarks(name: str) -> None:
    found = tree(name)
    # A picture has a title of its own.
    counts = Counter(
        tag for tag, _, _, inside in found.elements if "svg" not in {found.elements[at][0] for at in inside}
    )
    assert [counts[tag] for tag in ("h1", "main", "header", "footer", "title")] == [1] * 5
    chrome = SAMPLES[name][1].chrome
    assert found.all("html", lang=chrome.language, dir=chrome.direction)
    assert found.all("h1")[0][1]
    assert found.all("a", class_="skip")[0][0]["href"] == "#main"
    assert found.all("title")[0][1].endswith("· Campus Video")
    levels = [int(tag[1]) for tag, *_ in found.elements if re.fullmatch("h[1-6]", tag)]
    assert all(below <= above + 1 for above, below in pairwise(levels))


@everywhere
def test_nothing_that_the_content_security_policy_refuses(name: str) -> None:
    for tag, attributes, *_ in tree(name).elements:
        if tag == "script":
            # Passkeys are offered to scripts only (decision 24).
            assert name.startswith("passkey")
            assert set(attributes) == {"src", "defer"}
        assert tag not in {"style", "iframe", "object", "embed", "base"}
        assert "style" not in attributes
        assert not any(attribute.startswith(("on", "hx-")) for attribute in attributes)
        if tag in {"img", "link"}:
            assert (attributes.get("src") or attributes.get("href") or "").startswith("/static/")


@everywhere
def test_names_meet(name: str) -> None:
    """Ids are unique; labels, descriptions and links of the error summary point at something (WCAG 1.3.1)."""
    found = tree(name)
    ids = [attributes["id"] for _, attributes, *_ in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes, *_ in found.elements:
        for attribute in ("for", "aria-labelledby", "aria-describedby"):
            assert set((attributes.get(attribute) or "").split()) <= set(ids), (tag, attributes)
        if tag == "a" and (attributes["href"] or "").startswith("#"):
            assert (attributes["href"] or "")[1:] in ids, attributes
    labelled = {attributes.get("for") for attributes, _ in found.all("label")}
    for tag, attributes, _, inside in found.elements:
        if tag in {"select", "textarea"} or (tag == "input" and attributes["type"] != "hidden"):
            wrapped = any(found.elements[index][0] == "label" for index in inside)
            assert wrapped or attributes["id"] in labelled, attributes


@everywhere
def test_every_post_carries_the_token_and_no_get_does(name: str) -> None:
    found = tree(name)
    tokens: Counter[int] = Counter()
    for tag, attributes, _, inside in found.elements:
        forms = [index for index in inside if found.elements[index][0] == "form"]
        assert len(forms) <= 1, "a form inside a form"
        if tag == "input" and attributes.get("name") == "csrf_token":
            tokens[forms[0]] += 1
            assert attributes["value"] == stranger.csrf_token
    for index, (tag, attributes, *_) in enumerate(found.elements):
        if tag == "form":
            # The token is ours alone: a form that goes to a partner must not carry it there.
            is_ours = "://" not in (attributes.get("action") or "")
            assert tokens[index] == (1 if attributes["method"] == "post" and is_ours else 0)


HOSTILE = st.one_of(
    st.text(min_size=1, max_size=40),
    st.sampled_from(
        [
            '<script>alert("x")</script>',
            "\"><img src=x onerror='y'>",
            "</title></textarea></select></a></bdi><!--",
            "{{ 7*7 }}{% raw %}%(x)s %d 100%",
            "\u202egnp.exe\u2069\u2067",
            "يا\u200fمرحبا 👩‍👩‍👧‍👦 é",
            "&lt;b&gt; &amp; &#x3c;",
            "a@b\x00\r\n\ud800",
            "W" * 10_000,
        ]
    ),
)


@settings(max_examples=100, deadline=None)
@example("consent", "/\x08")
@example("consent", "</bdi><script>alert(1)</script>")
@example("connected_detail", '" autofocus onfocus="x@y')
@given(st.sampled_from(sorted(SAMPLES)), HOSTILE)
def test_no_text_of_a_view_can_change_the_page(name: str, text: str) -> None:
    of, view = SAMPLES[name]
    html = page(of, filled(view, text))
    harmless = page(of, filled(view, "x@x" if "@" in text else "x"))
    assert Tree(html).shape() == Tree(harmless).shape()
    assert not UNSEEN.search(html.decode())
    assert [html.count(sign) for sign in (b"<", b">", b'"')] == [
        harmless.count(sign) for sign in (b"<", b">", b'"')
    ]


def test_a_hostile_name_is_shown_as_it_is() -> None:
    view: Any = SAMPLES["home"][1]
    assert (
        '<b>"Bobby" & Söhne</b>'
        in shown(replace(view, name='<b>"Bobby" & Söhne</b>'), "home").all("h1")[0][1]
    )


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "\tjavascript:x",
        "data:text/html,x",
        "//evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\\evil.example",
        "vbscript:x",
        "https:///x",
        "",
    ],
)
def test_an_address_that_could_run_or_mislead_is_not_linked(url: str) -> None:
    assert href(url) == "#"


@pytest.mark.parametrize(
    "url",
    [
        "/",
        "/connected",
        "https://a.example/x",
        "http://localhost:8100/",
        "mailto:a@b.example",
        "tel:+3531",
        "?before=x",
        "#main",
    ],
)
def test_an_ordinary_address_is_linked(url: str) -> None:
    assert href(url) == url


def test_plain_leaves_numbers_and_ordinary_text_alone() -> None:
    assert plain(7) == 7
    assert plain("a\tb\nc नमस्ते \u200d") == "a\tb\nc नमस्ते \u200d"


# The consent screen


@pytest.mark.parametrize(
    "name", [name for name in SAMPLES if name.startswith("consent") and "blocked" not in name]
)
def test_the_two_answers_have_the_same_weight(name: str) -> None:
    """consent.md, rule 1: the same size, weight and neutral style."""
    found = tree(name)
    answers = [attributes for attributes, _ in found.all("button", class_="button answer-button")]
    assert len(answers) == 2
    assert {tuple(sorted(attributes)) for attributes in answers} == {("class", "name", "type", "value")}
    assert answers[1]["value"] == "share"
    assert answers[0]["value"] in {"refuse", "keep"}
    assert not any("button--main" in (attributes.get("class") or "") for attributes, _ in found.all("button"))


@pytest.mark.parametrize(
    "name", ["consent", "consent.optional-only", "consent.child", "consent.long", "consent_amend"]
)
def test_nothing_is_switched_on_and_the_private_form_is_preselected(name: str) -> None:
    """consent.md, rules 1 and 3."""
    found = tree(name)
    assert found.all("input", type="checkbox")
    assert not [box for box, _ in found.all("input", type="checkbox") if "checked" in box]
    by_item: dict[str | None, list[bool]] = {}
    for radio, _ in found.all("input", type="radio"):
        by_item.setdefault(radio["name"], []).append("checked" in radio)
    assert by_item
    assert all(chosen[0] and sum(chosen) == 1 for chosen in by_item.values())


def test_needed_items_are_shown_and_cannot_be_ticked() -> None:
    found = tree("consent")
    assert [box["value"] for box, _ in found.all("input", type="checkbox")] == [
        item.key for item in consent.optional
    ]
    assert "Asha Rao" in found.all("main")[0][1]
    assert "Course CS-101 Data structures so that the quiz fits your lecture" in found.all("main")[0][1]


def test_enter_in_a_box_answers_nothing() -> None:
    """consent.md, rule 6: Enter presses a form's first submit button; it answers nothing (HTML §4.10.22)."""
    for name in ("consent", "consent_amend"):
        first = next(
            attributes
            for tag, attributes, _, inside in tree(name).elements
            if tag == "button"
            and attributes.get("type") == "submit"
            and any(tree(name).elements[index][1].get("class") == "asking" for index in inside)
        )
        assert set(first) == {"type", "hidden"}


def test_retention_place_ban_and_the_way_out_stand_before_the_buttons() -> None:
    """consent.md, rule 5."""
    text = tree("consent").all("main")[0][1]
    buttons = text.index("No thanks")
    for words in (
        "30 days after you stop",
        "Ireland and Germany",
        "not use it for advertising",
        "› Stop",
        "Never shared with QuizCo: postal address",
        "24 times a day",
        "For how long",
        "complaints@quizco.example.org",
    ):
        assert text.index(words) < buttons, words


def test_the_counts_are_said_in_words_that_hold_without_script() -> None:
    buttons = {
        name: tree(name).all("button", value="share")[0][1]
        for name in SAMPLES
        if name.startswith("consent.") or name == "consent"
    }
    assert buttons["consent"] == "Share the 2 needed items and what I ticked"
    assert buttons["consent.needed-only"] == "Share 2 items"
    assert buttons["consent.optional-only"] == "Share what I ticked"
    assert buttons["consent.child"] == "Ask my guardian"
    assert "3 items, none is switched on" in tree("consent").all("legend")[0][1]
    assert "If nothing is ticked, both buttons mean no" in tree("consent.optional-only").all("main")[0][1]


def test_a_child_is_told_that_nothing_leaves_before_the_guardian_agrees() -> None:
    assert "Nothing leaves until your guardian has approved QuizCo" in tree("consent.child").all("main")[0][1]
    amend = tree("consent_amend.child").all("main")[0][1]
    assert "While your guardian is asked, nothing is shared" in amend


def test_an_amendment_shows_only_what_is_new_changed_or_the_same() -> None:
    """consent.md, rule 8: what stays is collapsed."""
    found = tree("consent_amend")
    collapsed = found.all("details", class_="block same")
    assert "open" not in collapsed[0][0]
    assert "Asha Rao" in collapsed[0][1]
    before, after = found.all("del"), found.all("ins")
    assert (
        before[0][1],
        after[0][1],
    ) == ("before: 30 days after you stop", "from now on: 60 days after you stop")
    assert found.all("main")[0][1].count("Asha Rao") == 1
    assert shown(replace(amend, same=()), "consent_amend").all("details", class_="block same") == []


def test_what_was_ticked_survives_a_fault_and_the_summary_leads_to_it() -> None:
    found = tree("consent.again")
    assert [box["value"] for box, _ in found.all("input", type="checkbox") if "checked" in box] == [
        "email:results_delivery"
    ]
    summary = found.all("div", role="alert")[0]
    assert "autofocus" in summary[0]
    assert found.all("a", href="#field-duration")[0][1] == "Choose for how long."
    assert found.all("title")[0][1].startswith("Error: ")


def test_partners_words_are_tagged_and_isolated() -> None:
    """consent.md, rule 12."""
    assert tree("consent.long").all("bdi", lang="ar", dir="rtl")[0][1].startswith("يبني")
    assert ({"dir": "auto"}, "One") in shown(
        replace(consent, benefit=views.Spoken(text="One")), "consent"
    ).all("bdi")


def test_passwords_can_be_filled_in_and_are_never_sent_back() -> None:
    """WCAG 2.2 SC 3.3.8: autocomplete is named; nothing hinders pasting."""
    wanted = {
        "login": "current-password",
        "reauthenticate": "current-password",
        "set_password": "new-password",
    }
    for name, autocomplete in wanted.items():
        boxes = tree(name).all("input", type="password")
        assert [box["autocomplete"] for box, _ in boxes] == [autocomplete]
        assert "value" not in boxes[0][0]
        assert tree(name).all("input", autocomplete="username")


def test_input_is_kept_when_something_is_wrong() -> None:
    found = tree("profile_edit.wrong")
    assert found.all("input", id="field-alternate_email")[0][0]["value"] == "asha@home"
    assert found.all("input", id="field-alternate_email")[0][0]["aria-invalid"] == "true"
    assert found.all("textarea", name="street_address")[0][1] == "12, 4th Cross Jayanagar"
    assert "QuizCo holds the copy that it received on" in found.all("main")[0][1]


def test_stopping_is_one_press_and_asks_nothing() -> None:
    form = next(
        attributes
        for attributes, _ in tree("connected_detail").all("form")
        if attributes["action"] == "/connected/g1/stop"
    )
    assert form["method"] == "post"
    assert not tree("connected_detail").all("input", type="checkbox")
    assert not tree("connected_detail").all("select")


def test_a_needed_item_explains_that_stopping_is_the_way() -> None:
    assert tree("connected_detail").all("main")[0][1].count("Needed: to end it, stop the service.") == 2


def test_administration_has_no_place_for_a_value() -> None:
    """No record that an administrator's page is made of can hold what a field contains."""
    rows = (
        views.GrantRow,
        views.GrantItemRow,
        views.HandoffRow,
        views.TokenRow,
        views.OfferItemRow,
        views.AdminGrantView,
        views.AdminLogView,
    )
    assert not {field.name for row in rows for field in fields(row)} & {
        "value",
        "values",
        "preview",
        "claims",
    }
    assert "Values are never shown here." in tree("admin_log").all("main")[0][1]


def test_administration_is_offered_only_to_those_who_may() -> None:
    assert not tree("home").all("a", href="/admin")
    assert tree("home.administrator").all("a", href="/admin")
    assert officer.can_administer
    assert not person.can_administer


# Languages, times, files


class Brackets(NullTranslations):
    """A catalogue that marks everything it translates."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, one: str, many: str, n: int) -> str:
        return f"⟦{one if n == 1 else many}⟧"


def texts_of(value: object) -> set[str]:
    if isinstance(value, str):
        return {value}
    if isinstance(value, tuple):
        return set().union(*map(texts_of, value))
    return (
        set().union(*(texts_of(getattr(value, field.name)) for field in fields(value)))
        if is_dataclass(value)
        else set()
    )


@everywhere
def test_every_word_of_ours_can_be_translated(name: str) -> None:
    of, view = SAMPLES[name]
    found = Tree(page(of, view, {view.chrome.language: Brackets()}))
    main = " ".join(found.all("html")[0][1].split())
    while "⟦" in main:
        shorter = re.sub("⟦[^⟦⟧]*⟧", " ", main)
        assert shorter != main, main
        main = shorter
    for text in sorted(texts_of(view), key=len, reverse=True):
        main = main.replace(" ".join(text.split()), " ") if text else main
    made = set(re.findall(r"[A-Za-z]{3,}", main)) - {
        "and",
        "day",
        "days",
        "hour",
        "hours",
        "minutes",
        "seconds",
        *MONTHS,
    }
    assert not made


MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"]


def test_a_page_speaks_the_language_of_its_frame() -> None:
    view = replace(SAMPLES["stopped"][1], chrome=replace(person, language="hi"))
    assert any("नवंबर" in text or "नव" in text for _, text in shown(view, "stopped").all("time"))
    arabic = shown(replace(view, chrome=replace(person, language="ar", direction="rtl")), "stopped")
    assert arabic.all("html", lang="ar", dir="rtl")
    assert shown(replace(view, chrome=replace(person, language="pt-BR")), "stopped").all("html", lang="pt-BR")


def test_times_are_for_people_and_for_machines() -> None:
    view = SAMPLES["stopped"][1]
    assert ({"datetime": "2026-11-18T11:06:40Z"}, "18 Nov 2026, 16:36") in shown(view, "stopped").all("time")
    utc = replace(view, chrome=replace(person, timezone="UTC"))
    assert ({"datetime": "2026-11-18T11:06:40Z"}, "18 Nov 2026, 11:06") in shown(utc, "stopped").all("time")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (30 * DAY, "30 days"),
        (365 * DAY, "1 year"),
        (DAY, "1 day"),
        (7200, "2 hours"),
        (120, "2 minutes"),
        (90, "90 seconds"),
        (1, "1 second"),
        (0, "0 seconds"),
    ],
)
def test_durations_are_said_in_the_largest_whole_unit(seconds: int, words: str) -> None:
    detail: Any = SAMPLES["connected_detail"][1]
    view = replace(detail, kept_seconds=seconds)
    assert f"within {words}." in shown(view, "connected_detail").all("main")[0][1]


@pytest.mark.parametrize("language", ["hi", "kn", "ar", "ta", "de"])
@pytest.mark.parametrize("seconds", [365 * DAY, 30 * DAY, 3 * 3600, 120, 90])
def test_durations_are_words_in_every_language(language: str, seconds: int) -> None:
    detail: Any = SAMPLES["connected_detail"][1]
    view = replace(detail, kept_seconds=seconds, chrome=replace(person, language=language))
    assert "duration-" not in shown(view, "connected_detail").all("main")[0][1]


@pytest.mark.parametrize(
    ("brand", "letters"),
    [
        ("QuizCo", "Q"),
        ("campus Press Ltd", "CP"),
        ("‘n’ Öl", "NÖ"),
        ("مكتبة النور", "ما"),
        ("+++", ""),
        ("", ""),
    ],
)
def test_a_mark_is_made_of_initials(brand: str, letters: str) -> None:
    assert initials(brand) == letters


def test_a_brand_keeps_its_tone() -> None:
    assert tone("QuizCo") == tone("QuizCo")
    assert len({tone(f"brand {n}") for n in range(50)}) == 6


def test_static_files_are_named_by_their_content(tmp_path: Path) -> None:
    for name, (kind, content) in static_files().items():
        assert re.fullmatch(r"[a-z-]+\.[0-9a-f]{16}\.(css|svg|js)", name)
        assert kind in {"text/css; charset=utf-8", "image/svg+xml", "text/javascript; charset=utf-8"}
        assert b"<script" not in content
        assert b"style=" not in content
    (tmp_path / "a.svg").write_bytes(b"<svg/>")
    (tmp_path / "b.css").write_bytes(b'a { mask: url("a.svg") }')
    before, files = assets._load(tmp_path)
    assert f'url("{before["a.svg"]}")'.encode() in files[before["b.css"]][1]
    (tmp_path / "a.svg").write_bytes(b"<svg></svg>")
    after, _ = assets._load(tmp_path)
    assert before["a.svg"] != after["a.svg"]
    assert before["b.css"] != after["b.css"]


def test_the_style_sheet_fetches_nothing_from_elsewhere() -> None:
    name = static_url("gateway.css").removeprefix("/static/")
    sheet = static_files()[name][1].decode()
    assert set(re.findall(r'url\("([^"]+)"\)', sheet)) <= set(static_files())
    assert sheet.count("url(") == len(re.findall(r'url\("', sheet))
    assert "@import" not in sheet
    assert "//" not in sheet
    for query in (
        "prefers-color-scheme: dark",
        "prefers-reduced-motion",
        "forced-colors: active",
        "@media print",
    ):
        assert query in sheet


def test_pages_are_rendered_apart_from_each_other() -> None:
    """The language of one page does not leak into the next, even after a fault."""
    with pytest.raises(KeyError):
        page("no such page", consent)
    first = page("consent", consent)
    page("stopped", replace(SAMPLES["stopped"][1], chrome=replace(person, language="hi")))
    assert page("consent", consent) == first
