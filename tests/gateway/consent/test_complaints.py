"""Which complaints stop a partner for everybody."""

import pytest

from gateway.consent.complaints import ENOUGH, ComplaintKind, pauses


@pytest.mark.parametrize("kind", ComplaintKind)
def test_only_advertising_to_enough_people_pauses_a_partner(kind: ComplaintKind) -> None:
    assert not pauses(kind, ENOUGH - 1)
    assert pauses(kind, ENOUGH) == (kind is ComplaintKind.ADVERTISING)
