"""Fields of a person and the forms each can be released in (OIDC Core §5.1, DPV 2.3 personal data)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

PD = "https://w3id.org/dpv/pd#"


class Form(StrEnum):
    """How much of a value is released."""

    FULL = "full"
    MASKED = "masked"
    RELAY = "relay"
    COARSE = "coarse"
    BOOLEAN = "boolean"


FORMS: Mapping[str, Form] = MappingProxyType({str(form): form for form in Form})
"""Forms by their words: looking one up costs a sixth of calling `Form`, and a release looks up eight."""


class Sensitivity(StrEnum):
    """How carefully a value is shown: contact data is masked, sensitive data asks for the password first."""

    ORDINARY = "ordinary"
    CONTACT = "contact"
    SENSITIVE = "sensitive"


@dataclass(frozen=True, slots=True)
class Field:
    """One personal datum that a partner may ask for.

    `forms` runs from the most private, which is preselected, to the most revealing. `claim` is the claim of
    the full form; `form_claims` names the others, because a masked e-mail under `email` would be mailed to.
    """

    name: str
    label: Mapping[str, str] = field(hash=False)
    sensitivity: Sensitivity
    forms: tuple[Form, ...]
    claim: str
    dpv_iri: str
    source: Literal["self", "school"]
    editable: bool = False
    required: bool = False
    never_needed: bool = False
    form_claims: Mapping[Form, str] = field(default_factory=dict, hash=False)

    def claim_of(self, form: Form) -> str:
        """Name the claim that carries this field in a form."""
        return self.form_claims.get(form, self.claim)


def _table(*fields: Field) -> Mapping[str, Field]:
    return MappingProxyType({each.name: each for each in fields})


def _age_over(years: int) -> Field:
    name = f"age_over_{years}"
    return Field(
        name=name,
        label={"en": f"Whether you are {years} or older"},
        sensitivity=Sensitivity.ORDINARY,
        forms=(Form.BOOLEAN,),
        claim=name,
        dpv_iri=PD + "AgeRange",
        source="school",
    )


FIELDS: Mapping[str, Field] = _table(
    Field(
        name="name",
        label={"en": "Name"},
        sensitivity=Sensitivity.ORDINARY,
        forms=(Form.FULL,),
        claim="name",
        dpv_iri=PD + "Name",
        source="school",
        required=True,
    ),
    Field(
        name="email",
        label={"en": "E-mail"},
        sensitivity=Sensitivity.CONTACT,
        forms=(Form.RELAY, Form.MASKED, Form.FULL),
        claim="email",
        dpv_iri=PD + "EmailAddress",
        source="school",
        required=True,
        form_claims={Form.MASKED: "email_masked"},
    ),
    Field(
        name="alternate_email",
        label={"en": "Other e-mail"},
        sensitivity=Sensitivity.SENSITIVE,
        forms=(Form.MASKED, Form.FULL),
        claim="alternate_email",
        dpv_iri=PD + "EmailAddressPersonal",
        source="self",
        editable=True,
        never_needed=True,
        form_claims={Form.MASKED: "alternate_email_masked"},
    ),
    Field(
        name="phone_number",
        label={"en": "Phone"},
        sensitivity=Sensitivity.CONTACT,
        forms=(Form.MASKED, Form.FULL),
        claim="phone_number",
        dpv_iri=PD + "TelephoneNumber",
        source="self",
        editable=True,
        form_claims={Form.MASKED: "phone_number_masked"},
    ),
    Field(
        name="address",
        label={"en": "Postal address"},
        sensitivity=Sensitivity.SENSITIVE,
        forms=(Form.COARSE, Form.FULL),
        claim="address",
        dpv_iri=PD + "PhysicalAddress",
        source="self",
        editable=True,
    ),
    Field(
        name="role",
        label={"en": "Role"},
        sensitivity=Sensitivity.ORDINARY,
        forms=(Form.FULL,),
        claim="role",
        dpv_iri=PD + "Professional",
        source="school",
    ),
    Field(
        name="course",
        label={"en": "Course"},
        sensitivity=Sensitivity.ORDINARY,
        forms=(Form.FULL,),
        claim="course",
        dpv_iri=PD + "Education",
        source="school",
    ),
    Field(
        name="organisation",
        label={"en": "School"},
        sensitivity=Sensitivity.ORDINARY,
        forms=(Form.FULL,),
        claim="organisation",
        dpv_iri=PD + "School",
        source="school",
    ),
    Field(
        name="locale",
        label={"en": "Language"},
        sensitivity=Sensitivity.ORDINARY,
        forms=(Form.FULL,),
        claim="locale",
        dpv_iri=PD + "Language",
        source="self",
        editable=True,
    ),
    Field(
        name="student_status",
        label={"en": "Student status"},
        sensitivity=Sensitivity.ORDINARY,
        forms=(Form.BOOLEAN, Form.FULL),
        claim="student_status",
        dpv_iri=PD + "EducationExperience",
        source="school",
        form_claims={Form.BOOLEAN: "is_student"},
    ),
    Field(
        name="picture",
        label={"en": "Picture"},
        sensitivity=Sensitivity.SENSITIVE,
        forms=(Form.FULL,),
        claim="picture",
        dpv_iri=PD + "Picture",
        source="self",
        editable=True,
    ),
    _age_over(13),
    _age_over(16),
    _age_over(18),
)

CONTACT_FIELDS = ("email", "phone_number", "address", "alternate_email")
"""By which a person is reached."""

# `birthdate` is stored so that the age fields can be answered; it is in no form releasable itself.
STORED_FIELDS: tuple[str, ...] = (
    "name",
    "email",
    "alternate_email",
    "phone_number",
    "address",
    "course",
    "locale",
    "birthdate",
    "student_status",
    "picture",
)
