"""Promise P4: materiality is computed, and asking for more is always material."""

import dataclasses
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners import Offer, OfferDifference, OfferItem, Partner, diff_offers, diff_partners
from partners.review import diff
from partners.review.diff import ITEM_MEMBERS, OFFER_MEMBERS, PARTNER_MEMBERS
from scopes import Form, Necessity
from tests.partners.samples import read_quizco
from tests.partners.test_content import Grown, offers, partners, records

MANIFEST = read_quizco()
OFFER = MANIFEST.offers[0]
EMAIL = OFFER.items[2]
unique_offers = offers.filter(
    lambda offer: len({(i.field, i.purpose) for i in offer.items}) == len(offer.items)
)


def with_email(**changes):
    item = dataclasses.replace(EMAIL, **changes)
    return dataclasses.replace(OFFER, items=(*OFFER.items[:2], item, *OFFER.items[3:]))


@given(unique_offers)
def test_the_same_offer_has_no_changes(offer):
    assert diff_offers(offer, offer) == ()


@given(unique_offers, unique_offers)
def test_a_difference_is_never_silent(old, new):
    changed = set(diff_offers(old, new))
    assert bool(changed) == (
        dataclasses.replace(old, items=()) != dataclasses.replace(new, items=())
        or sorted(map(repr, old.items)) != sorted(map(repr, new.items))
    )


@given(partners, partners)
def test_a_difference_of_partners_is_never_silent(old, new):
    assert {change.key for change in diff_partners(old, new)} == {
        each.name
        for each in dataclasses.fields(Partner)
        if getattr(old, each.name) != getattr(new, each.name)
    }


@given(records(Grown, items=st.just(())))
def test_a_member_without_a_class_is_an_error(grown):
    """A new member of an offer is not compared before somebody has said when a change of it is material."""
    with pytest.raises(KeyError, match="seats"):
        list(diff._changes(Grown, OFFER_MEMBERS, grown, grown))


@given(unique_offers, unique_offers)
def test_what_a_release_could_newly_hold_is_material(old, new):
    def reach(offer):
        items = {(item.field, item.purpose, form) for item in offer.items for form in item.forms}
        full = {(field, purpose) for field, purpose, form in items if form is Form.FULL}
        return items, full

    before, full = reach(old)
    newly = {each for each in reach(new)[0] - before if each[:2] not in full}
    longer = new.retention_days > old.retention_days or new.duration_days > old.duration_days
    if newly or longer or new.partner_id != old.partner_id:
        assert any(change.material for change in diff_offers(old, new))


@st.composite
def near_offers(draw):
    """Offers that differ from QuizCo's in few places, so that steps from one to another are often small."""
    items = []
    for item in OFFER.items:
        if draw(st.booleans()):
            forms = draw(st.sets(st.sampled_from([Form.MASKED, Form.COARSE, Form.FULL]), min_size=1))
            items.append(
                dataclasses.replace(
                    item,
                    forms=tuple(sorted(forms)),
                    necessity=draw(st.sampled_from(Necessity)),
                    retention_days=draw(st.integers(1, 3)),
                )
            )
    return dataclasses.replace(
        OFFER,
        items=tuple(items),
        retention_days=draw(st.integers(1, 3)),
        duration_days=draw(st.integers(1, 2)),
        frequency=draw(st.sampled_from([None, "daily"])),
    )


def weighs(old, new):
    return any(change.material for change in diff_offers(old, new))


@given(near_offers(), near_offers(), near_offers())
def test_small_steps_ask_for_nothing_that_one_step_would_not(first, second, third):
    """Whoever splits a material change over two versions has a material one among them."""
    assert weighs(first, second) or weighs(second, third) or not weighs(first, third)


@given(near_offers(), near_offers(), st.data())
def test_asking_for_more_on_top_never_weighs_less(old, new, data):
    """Materiality is monotone: another item, a longer retention or a need make no change lighter."""
    more = data.draw(
        st.sampled_from(
            [
                dataclasses.replace(new, retention_days=new.retention_days + 1),
                dataclasses.replace(new, duration_days=new.duration_days + 1),
                dataclasses.replace(
                    new,
                    items=tuple(dataclasses.replace(each, necessity=Necessity.NEEDED) for each in new.items),
                ),
                dataclasses.replace(
                    new,
                    items=tuple(
                        dataclasses.replace(each, retention_days=each.retention_days + 1)
                        for each in new.items
                    ),
                ),
                dataclasses.replace(new, items=(*new.items, dataclasses.replace(EMAIL, purpose="another"))),
            ]
        )
    )
    assert weighs(old, more) or not weighs(old, new)


def test_an_added_field_is_material_and_a_removed_one_is_not():
    fewer = dataclasses.replace(OFFER, items=OFFER.items[:4])
    assert diff_offers(fewer, OFFER) == (
        OfferDifference("item[student_status, eligibility_check]", None, "boolean, full", True),
    )
    assert diff_offers(OFFER, fewer) == (
        OfferDifference("item[student_status, eligibility_check]", "boolean, full", None, False),
    )


def test_another_purpose_is_material():
    changes = diff_offers(OFFER, with_email(purpose="account_linking"))
    assert {change.key: change.material for change in changes} == {
        "item[email, account_linking]": True,
        "item[email, results_delivery]": False,
    }


@pytest.mark.parametrize(
    ("old", "new", "material"),
    [
        ((Form.MASKED,), (Form.MASKED, Form.FULL), True),
        ((Form.MASKED, Form.FULL), (Form.FULL,), True),
        ((Form.MASKED,), (Form.RELAY,), True),
        ((Form.RELAY, Form.FULL), (Form.MASKED, Form.FULL), True),
        ((Form.FULL,), (Form.MASKED, Form.FULL), False),
        ((Form.FULL,), (Form.MASKED,), False),
        ((Form.MASKED, Form.FULL), (Form.MASKED,), False),
    ],
)
def test_forms_that_reveal_more_are_material(old, new, material):
    (change,) = diff_offers(with_email(forms=old), with_email(forms=new))
    assert (change.key, change.material) == ("item[email, results_delivery].forms", material)


@pytest.mark.parametrize(
    ("changes", "material"),
    [
        ({"necessity": Necessity.NEEDED}, True),
        ({"retention_days": EMAIL.retention_days + 1}, True),
        ({"retention_days": EMAIL.retention_days - 1}, False),
        ({"why": {"en": "Other words."}}, False),
    ],
)
def test_changes_of_an_item(changes, material):
    changed = with_email(**changes)
    assert [change.material for change in diff_offers(OFFER, changed)] == [material]
    if "necessity" in changes:
        assert [change.material for change in diff_offers(changed, OFFER)] == [False]


@pytest.mark.parametrize(
    ("changes", "material"),
    [
        ({"partner_id": "other"}, True),
        ({"legal_basis": "contract"}, True),
        ({"frequency": "Every minute."}, True),
        ({"retention_days": 31}, True),
        ({"retention_days": 29}, False),
        ({"duration_days": 181}, True),
        ({"max_duration_days": 200}, False),
        ({"name": "Quizzes"}, False),
        ({"benefit": "More fun."}, False),
    ],
)
def test_changes_of_an_offer(changes, material):
    (change,) = diff_offers(OFFER, dataclasses.replace(OFFER, **changes))
    assert (change.key, change.material) == (*changes, material)


@pytest.mark.parametrize(
    ("changes", "material"),
    [
        ({"legal_name": "Other Limited"}, True),
        ({"country": "IN"}, True),
        ({"storage_countries": ("IE", "US")}, True),
        ({"storage_countries": ()}, False),
        ({"brand": "Quizzy"}, False),
        ({"contact": "dpo@quizco.example.org"}, False),
        ({"attested_on": date(2027, 1, 1)}, False),
    ],
)
def test_another_recipient_or_country_is_material(changes, material):
    (change,) = diff_partners(MANIFEST.partner, dataclasses.replace(MANIFEST.partner, **changes))
    assert (change.key, change.material) == (*changes, material)


@pytest.mark.parametrize(
    ("record", "members"), [(Partner, PARTNER_MEMBERS), (Offer, OFFER_MEMBERS), (OfferItem, ITEM_MEMBERS)]
)
def test_every_member_of_a_record_has_its_class(record, members):
    """A member without one would be an error at the first review; here it is found before."""
    assert list(members) == [each.name for each in dataclasses.fields(record)]


def test_a_change_is_shown_in_words():
    (change,) = diff_offers(OFFER, with_email(why={"hi": "b", "en": "a"}))
    assert (change.before, change.after) == ("en: QuizCo sends your score after each quiz.", "en: a, hi: b")


@given(st.just(MANIFEST.partner))
def test_the_same_partner_has_no_changes(partner):
    assert diff_partners(partner, partner) == ()


def test_numbers_of_reads_and_the_courses_end_are_named_and_not_material():
    """A person picks them anew at each decision."""
    old = dataclasses.replace(OFFER, reads=(2,))
    new = dataclasses.replace(old, reads=(), course_ends_on=date(2027, 1, 31))
    assert diff_offers(old, new) == (
        OfferDifference("reads", "2", None, False),
        OfferDifference("course_ends_on", None, "2027-01-31", False),
    )
