"""Sentences that a lower floor writes and a page says in the reader's language."""

from typing import Any


class Words(str):
    """A sentence in English, with what it was made of, so that a page can say it in another language.

    Attributes:
        template: the sentence as the catalogues know it, with places such as ``%(count)s``.
        values: what stands in the places.
    """

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, **values: Any) -> "Words":
        """Fill the places in."""
        made = super().__new__(cls, template % values if values else template)
        made.template, made.values = template, values
        return made
