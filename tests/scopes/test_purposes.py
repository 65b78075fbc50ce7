"""Promise P1: what means marketing or trade in data is refused in every spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopes import DENIED, FIELDS, PURPOSES, PurposeState, check_purpose, is_denied
from scopes.denied import PurposeDeniedError, PurposeUnknownError

USABLE = sorted(PURPOSES.keys() - DENIED)

# DPV 2.3: `skos:broader* dpv:Marketing`, and the relatives that DPV files elsewhere.
MARKETING = [
    "Marketing",
    "Advertising",
    "DirectMarketing",
    "PersonalisedAdvertising",
    "PoliticalCampaign",
    "PublicRelations",
    "RecruitmentAdvertising",
    "RecruitmentTargetedAdvertising",
    "SocialMediaMarketing",
    "TargetedAdvertising",
]
RELATIVES = [
    "SellProducts",
    "SellProductsToDataSubject",
    "SellDataToThirdParties",
    "SellInsightsFromData",
    "ProvidePersonalisedRecommendations",
    "ProvideProductRecommendations",
    "ProvideEventRecommendations",
    "CustomerRelationshipManagement",
    "ImproveInternalCRMProcesses",
    "CommercialResearch",
    "CustomerSolvencyMonitoring",
]


def respelt(draw, text):
    """Write a denied code the way somebody who wants to slip it past a list would."""
    words = text.split("_")
    joiner = draw(st.sampled_from(["_", "-", " ", "", ".", "\u200b", "\u00ad"]))
    case = draw(st.sampled_from([str.lower, str.upper, str.title, str.swapcase]))
    spelt = joiner.join(case(word) for word in words)
    if draw(st.booleans()):
        spelt = spelt.replace("is", "iz").replace("IS", "IZ")
    if draw(st.booleans()):
        spelt = "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in spelt)
    prefix = draw(st.sampled_from(["", "dpv:", "https://w3id.org/dpv#", "http://www.w3.org/ns/dpv/", " \t"]))
    suffix = draw(st.sampled_from(["", " ", "\n", "/", "#", "?x=1", "%20"]))
    return prefix + spelt + suffix


@given(st.data(), st.sampled_from(sorted(DENIED)))
def test_a_denied_purpose_is_recognised_in_every_spelling(data, code):
    spelt = respelt(data.draw, code)
    assert is_denied(spelt)
    with pytest.raises(PurposeDeniedError):
        check_purpose(spelt)


@pytest.mark.parametrize("term", MARKETING + RELATIVES)
@pytest.mark.parametrize(
    "shape", ["{}", "dpv:{}", "https://w3id.org/dpv#{}", "<https://w3id.org/dpv/2.3#{}>"]
)
def test_the_closure_holds_dpvs_terms(term, shape):
    assert is_denied(shape.format(term))


@pytest.mark.parametrize(
    "text",
    [
        "mаrketing",  # the second letter is Cyrillic
        "marketіng",  # so is the seventh
        "ᴍarketing",
        "𝓂𝒶𝓇𝓀𝑒𝓉𝒾𝓃𝑔",
        "ｍａｒｋｅｔｉｎｇ",
        "mar\u200bket\u200ding",
        "m\u0430rk\u0435ting",
        "https://w3id.org/dpv#%4Darketing",
        "https://w3id.org/dpv#%254Darketing",
        "crm",
        "our CRM",
        "syncToCrm",
        "e-mail-marketing-2",
        "remarketing",
        "show_ads",
        "personalized advertizing".replace("advertizing", "advertising"),
        "vermarktung für kunden",
        "up-sell",
    ],
)
def test_look_alikes_and_derived_words_are_denied(text):
    assert is_denied(text)


@pytest.mark.parametrize("code", USABLE)
def test_no_usable_purpose_is_caught_by_its_code_label_text_or_dpv_term(code):
    purpose = PURPOSES[code]
    assert not is_denied(code)
    assert not is_denied(purpose.label["en"])
    assert not is_denied(purpose.dpv_iri)
    assert check_purpose(code) is purpose


@pytest.mark.parametrize("code", USABLE)
def test_a_usable_purpose_has_ceilings_within_the_hard_caps(code):
    ceilings = PURPOSES[code].ceilings
    assert ceilings.fields
    assert ceilings.fields <= FIELDS.keys()
    assert 1 <= ceilings.max_duration_days <= 366
    assert 0 <= ceilings.max_retention_days <= 366
    assert ceilings.max_reads_per_day >= 1


@pytest.mark.parametrize("code", sorted(DENIED))
def test_a_denied_purpose_justifies_nothing(code):
    purpose = PURPOSES[code]
    assert purpose.state is PurposeState.DENIED
    assert not purpose.ceilings.fields
    assert purpose.ceilings.max_duration_days == purpose.ceilings.max_reads_per_day == 0
    assert not purpose.text


@given(st.text(max_size=40))
def test_only_an_exact_code_is_accepted(text):
    if text in USABLE:
        assert check_purpose(text).code == text
    else:
        with pytest.raises((PurposeDeniedError, PurposeUnknownError)):
            check_purpose(text)


@pytest.mark.parametrize(
    "text", ["", "Service_Provision", "service-provision", "dpv:ServiceProvision", "anything"]
)
def test_other_spellings_of_usable_codes_are_unknown(text):
    with pytest.raises(PurposeUnknownError):
        check_purpose(text)
