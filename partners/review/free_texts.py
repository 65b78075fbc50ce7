"""What a partner writes and people read: every text of it, the words that a reviewer looks at, and a digest of all."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from partners.records import Manifest, Offer
from scopes import TradeWord, find_trade_words


@dataclass(frozen=True, slots=True)
class FreeText:
    """One text; `key` is the manifest's, as in a fault.

    Attributes:
        words: of marketing and of trade in data, found in it.
    """

    key: str
    text: str
    words: tuple[TradeWord, ...]

    @property
    def found(self) -> str:
        """Name what was found, each with its language and the place of its first character, counted from 1."""
        return ", ".join(f"“{each.found}” ({each.language}, {each.start + 1})" for each in self.words)


def free_texts(manifest: Manifest) -> tuple[FreeText, ...]:
    """List every text of a manifest that people read, in the order of the manifest."""
    return tuple(FreeText(key, text, find_trade_words(text)) for key, text in _texts(manifest) if text)


def _texts(manifest: Manifest) -> Iterator[tuple[str, str]]:
    for name in ("brand", "legal_name", "address"):
        yield f"partner.{name}", getattr(manifest.partner, name)
    for index, client in enumerate(manifest.clients):
        yield f"client[{index}].name", client.name
    for index, offer in enumerate(manifest.offers):
        yield from _texts_of(f"offer[{index}]", offer)


def _texts_of(path: str, offer: Offer) -> Iterator[tuple[str, str]]:
    for name in ("name", "benefit", "frequency"):
        yield f"{path}.{name}", getattr(offer, name)
    for name in ("names", "benefits", "frequencies"):
        for language, text in sorted(getattr(offer, name).items()):
            yield f"{path}.{name}.{language}", text
    for index, item in enumerate(offer.items):
        for language, text in sorted(item.why.items()):
            yield f"{path}.item[{index}].why.{language}", text


def texts_digest(texts: Iterable[FreeText]) -> str:
    """Name exactly these texts at these places: SHA-256 in hexadecimal."""
    told = json.dumps([[each.key, each.text] for each in texts], ensure_ascii=False)
    return hashlib.sha256(told.encode()).hexdigest()
