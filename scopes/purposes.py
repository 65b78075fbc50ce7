"""Purposes a field may be asked for, each with its ceilings, and those that are never allowed (DPV 2.3)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

DPV = "https://w3id.org/dpv#"


class PurposeState(StrEnum):
    """Allowed, allowed after an administrator's review of the offer, or never."""

    ALLOWED = "allowed"
    REVIEW = "review"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Ceilings:
    """The most that a purpose can justify; days are whole days, `min_age` is in years."""

    fields: frozenset[str] = frozenset()
    max_duration_days: int = 0
    max_retention_days: int = 0
    max_reads_per_day: int = 0
    one_time: bool = False
    min_age: int | None = None


@dataclass(frozen=True, slots=True)
class Purpose:
    """A coded reason. `text` is the line on the consent screen, which a partner cannot edit.

    `text` may hold `{partner}` and `{service}`. `dpv_iri` is the purpose's own DPV term or the nearest one.
    """

    code: str
    label: Mapping[str, str] = field(hash=False)
    dpv_iri: str
    state: PurposeState
    text: Mapping[str, str] = field(hash=False)
    ceilings: Ceilings


_STUDY = ("name", "role", "course", "organisation", "locale", "student_status")
_AGES = ("age_over_13", "age_over_16", "age_over_18")


def _usable(
    code: str,
    label: str,
    term: str,
    text: str,
    fields: Iterable[str],
    *,
    days: int = 366,
    retention: int = 90,
    reads: int = 24,
    one_time: bool = False,
    min_age: int | None = None,
    state: PurposeState = PurposeState.ALLOWED,
) -> Purpose:
    ceilings = Ceilings(frozenset(fields), days, retention, reads, one_time, min_age)
    return Purpose(code, {"en": label}, DPV + term, state, {"en": text}, ceilings)


def _denied(code: str, label: str, term: str) -> Purpose:
    return Purpose(code, {"en": label}, DPV + term, PurposeState.DENIED, {}, Ceilings())


def _table(*purposes: Purpose) -> Mapping[str, Purpose]:
    return MappingProxyType({each.code: each for each in purposes})


PURPOSES: Mapping[str, Purpose] = _table(
    _usable(
        "service_provision",
        "Running the service",
        "RequestedServiceProvision",
        "so that {partner} can run {service} for you",
        (*_STUDY, "email", *_AGES),
    ),
    _usable(
        "account_linking",
        "Account with the partner",
        "AccountManagement",
        "so that {partner} can keep an account for you",
        ("name", "email", "locale", "picture"),
    ),
    _usable(
        "service_personalisation",
        "Fitting the service to you",
        "ServicePersonalisation",
        "so that {service} fits your studies",
        (*_STUDY, "picture"),
    ),
    _usable(
        "learning_progress",
        "Keeping your progress",
        "RequestedServiceProvision",
        "so that {partner} can keep your progress under your name",
        ("name", "role", "course", "organisation"),
        retention=366,
    ),
    _usable(
        "results_delivery",
        "Sending results",
        "CommunicationManagement",
        "so that {partner} can send you your results",
        ("name", "email", "course", "organisation"),
    ),
    _usable(
        "delivery_of_goods",
        "Delivery",
        "DeliveryOfGoods",
        "so that {partner} can deliver what you order",
        ("name", "address", "phone_number", "email"),
        reads=6,
    ),
    _usable(
        "appointment_reminders",
        "Reminders",
        "CommunicationManagement",
        "so that {partner} can remind you of dates you booked",
        ("name", "email", "phone_number", "alternate_email", "locale"),
        retention=30,
    ),
    _usable(
        "customer_support",
        "Answering your questions",
        "CommunicationForCustomerCare",
        "so that {partner} can answer when you ask for help",
        ("name", "email", "phone_number", "alternate_email", "locale"),
    ),
    _usable(
        "accessibility_support",
        "Accessibility",
        "UserInterfacePersonalisation",
        "so that {service} works in the language and form you need",
        ("locale", "role", "course"),
    ),
    _usable(
        "eligibility_check",
        "Checking that the service is open to you",
        "ServiceAccessDetermination",
        "so that {partner} can check that {service} is open to you",
        ("role", "organisation", "student_status", *_AGES),
        retention=30,
        reads=6,
    ),
    _usable(
        "age_verification",
        "Checking your age",
        "AgeVerification",
        "so that {partner} can check that you are old enough, without your date of birth",
        _AGES,
        retention=30,
        reads=6,
    ),
    _usable(
        "identity_verification",
        "Checking who you are",
        "IdentityVerification",
        "so that {partner} can check that it is you",
        ("name", "email", "organisation", "picture"),
        days=30,
        retention=30,
        reads=2,
        one_time=True,
    ),
    _usable(
        "academic_research",
        "Research at a school",
        "AcademicResearch",
        "so that {partner} can use it in the research described in the notice",
        ("role", "course", "organisation", "student_status", "address", *_AGES),
        days=180,
        retention=366,
        reads=1,
        min_age=18,
        state=PurposeState.REVIEW,
    ),
    _usable(
        "fraud_prevention",
        "Preventing misuse",
        "FraudPreventionAndDetection",
        "so that {partner} can keep others from using {service} in your name",
        ("name", "email", "phone_number"),
        days=180,
        reads=6,
        state=PurposeState.REVIEW,
    ),
    # All ten terms of DPV's Marketing branch.
    _denied("marketing", "Marketing", "Marketing"),
    _denied("advertising", "Advertising", "Advertising"),
    _denied("direct_marketing", "Direct marketing", "DirectMarketing"),
    _denied("personalised_advertising", "Personalised advertising", "PersonalisedAdvertising"),
    _denied("targeted_advertising", "Targeted advertising", "TargetedAdvertising"),
    _denied("political_campaign", "Political campaign", "PoliticalCampaign"),
    _denied("public_relations", "Public relations", "PublicRelations"),
    _denied("recruitment_advertising", "Recruitment advertising", "RecruitmentAdvertising"),
    _denied(
        "recruitment_targeted_advertising",
        "Targeted recruitment advertising",
        "RecruitmentTargetedAdvertising",
    ),
    _denied("social_media_marketing", "Social media marketing", "SocialMediaMarketing"),
    # DPV files trade in data and selling under service provision, not under Marketing.
    _denied("sell_products", "Sell products", "SellProducts"),
    _denied("sell_products_to_data_subject", "Sell products to data subject", "SellProductsToDataSubject"),
    _denied("sell_data_to_third_parties", "Sell data to third parties", "SellDataToThirdParties"),
    _denied("sell_insights_from_data", "Sell insights from data", "SellInsightsFromData"),
    # DPV files recommendations under personalisation, and relationship management under customer management.
    _denied(
        "provide_personalised_recommendations",
        "Provide personalised recommendations",
        "ProvidePersonalisedRecommendations",
    ),
    _denied(
        "provide_product_recommendations", "Provide product recommendations", "ProvideProductRecommendations"
    ),
    _denied("provide_event_recommendations", "Provide event recommendations", "ProvideEventRecommendations"),
    _denied("customer_management", "Customer management", "CustomerManagement"),
    _denied(
        "customer_relationship_management",
        "Customer relationship management",
        "CustomerRelationshipManagement",
    ),
    _denied(
        "improve_internal_crm_processes", "Improve internal CRM processes", "ImproveInternalCRMProcesses"
    ),
    _denied("customer_solvency_monitoring", "Customer solvency monitoring", "CustomerSolvencyMonitoring"),
    _denied("commercial_purpose", "Commercial purpose", "CommercialPurpose"),
    _denied("commercial_research", "Commercial research", "CommercialResearch"),
    # DPV has no own term for these; the IRI is that of the nearest denied one.
    _denied("product_recommendation", "Product recommendation", "ProvideProductRecommendations"),
    _denied("profiling_for_sale", "Profiling for sale", "SellInsightsFromData"),
    _denied("data_sale", "Data sale", "SellDataToThirdParties"),
    _denied("data_brokerage", "Data brokerage", "SellDataToThirdParties"),
    _denied("data_enrichment", "Data enrichment", "SellInsightsFromData"),
    _denied("insight_sale", "Insight sale", "SellInsightsFromData"),
    _denied("audience_building", "Audience building", "TargetedAdvertising"),
    _denied("lookalike_audiences", "Lookalike audiences", "TargetedAdvertising"),
    _denied("lead_generation", "Lead generation", "Marketing"),
    _denied("promotional_mail", "Promotional mail", "DirectMarketing"),
    _denied("newsletter", "Newsletter", "DirectMarketing"),
    _denied("cross_selling", "Cross-selling", "DirectMarketing"),
    _denied("upselling", "Upselling", "DirectMarketing"),
    _denied("loyalty_programme", "Loyalty programme", "CustomerRelationshipManagement"),
    _denied("retargeting", "Retargeting", "TargetedAdvertising"),
)

DENIED: frozenset[str] = frozenset(
    code for code, each in PURPOSES.items() if each.state is PurposeState.DENIED
)
