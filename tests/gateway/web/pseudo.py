"""A language that nobody speaks, written from right to left: what it does not bracket is no word of the catalogues.

It borrows Arabic's tag, and with it Arabic's dates and direction; its letters are Latin ones with marks, and every
message is longer than its English, as translations are.
"""

import re
from gettext import NullTranslations

TAG = "ar"
_PARTS = re.compile(r"(%\(\w+\)s|<[^>]*>|&\w+;)")
_LETTERS = str.maketrans("aeiouAEIOU", "אעיןךםףץשת")


class Pseudo(NullTranslations):
    """Every message in brackets, turned and stretched; places and tags stay."""

    def gettext(self, message: str) -> str:
        parts = _PARTS.split(message)
        turned = "".join(part if index % 2 else part.translate(_LETTERS) for index, part in enumerate(parts))
        return f"⟦{turned} {'·' * (len(message) // 4)}⟧"

    def ngettext(self, one: str, many: str, n: int) -> str:
        return self.gettext(one if n == 1 else many)


def unsaid(text: str) -> list[str]:
    """Give the Latin words outside all brackets: what no catalogue can translate."""
    text = " ".join(text.split())
    while "⟦" in text:
        shorter = re.sub("⟦[^⟦⟧]*⟧", " ", text)
        assert shorter != text, text
        text = shorter
    return re.findall(r"[A-Za-z][A-Za-z]{2,}", text)
