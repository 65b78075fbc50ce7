"""What a reviewer reads of a manifest: its offers with what changed, its risks, and its texts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferItemRow:
    """One item of an offer as its manifest asks for it; `why` is the partner's own words."""

    field: str
    purpose: str
    forms: tuple[str, ...]
    needed: bool
    kept_seconds: int
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferChange:
    """One difference to the version before; empty `before` = added, empty `after` = removed."""

    what: str
    before: str
    after: str
    material: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedOffer:
    """One offer version under review, with its computed difference to the version before."""

    name: str
    version: int
    benefit: str
    duration_seconds: int
    items: tuple[OfferItemRow, ...]
    changes: tuple[OfferChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFlag:
    """Something a reviewer should look at before saying yes."""

    serious: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextToRead:
    """A text of a partner that people read; `found` names the words that somebody has to look at, if there are any.

    `name` is the key as a part of a page's own addresses.
    """

    key: str
    name: str
    text: str
    found: str = ""
    ticked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextsToRead:
    """Everything that a partner wrote for people; approving posts `texts` (the digest), and `text` for each found."""

    digest: str
    texts: tuple[TextToRead, ...]
    ticked: bool = False
