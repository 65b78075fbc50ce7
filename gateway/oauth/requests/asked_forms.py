"""Forms that a request asks for: the most that its tokens hand over of an item, whatever form was granted.

They are kept as text, ``email.results_delivery:masked``, with spaces between. An item that is not there was asked for
in any form.
"""

from collections.abc import Mapping
from functools import lru_cache

from gateway.model.grants import GrantedItem
from gateway.model.item_keys import item_key
from scopes import FORMS, Form, shared_form

AskedForms = Mapping[str, frozenset[Form]]
"""By item key, the forms that were asked for; none at all where two requests have none in common."""


def spell_forms(forms: AskedForms) -> str | None:
    """Spell forms as a code and its tokens keep them; None where any form will do."""
    spelled = (f"{key}:{'+'.join(sorted(forms[key]))}" for key in sorted(forms))
    return " ".join(spelled) or None


def narrower_forms(kept: str | None, wanted: AskedForms) -> str | None:
    """Keep the forms that were asked for both before and now."""
    before = _read_forms(kept)
    both = {
        key: before.get(key, forms) & wanted.get(key, forms) for key, forms in {**before, **wanted}.items()
    }
    return spell_forms(both)


# People who share the same items with a partner have equal answers here, which hold nothing personal.
@lru_cache(1024)
def in_asked_forms(kept: str | None, granted: tuple[GrantedItem, ...]) -> tuple[GrantedItem, ...]:
    """Give granted items in the forms that were asked for, without those that were asked for in other forms only."""
    forms = _read_forms(kept)
    return tuple(
        each._replace(item=each.item._replace(form=form))
        for each in granted
        if (form := shared_form(each.item.form, forms.get(item_key(each.item), (Form.FULL,)))) is not None
    )


def _read_forms(text: str | None) -> dict[str, frozenset[Form]]:
    pairs = (word.rpartition(":") for word in (text or "").split())
    return {key: frozenset(FORMS[each] for each in forms.split("+") if each) for key, _, forms in pairs}
