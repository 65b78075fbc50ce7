"""A partner's states change only by the listed moves."""

import pytest

from partners import MOVES, MoveError, PartnerState, check_move


@pytest.mark.parametrize("old", PartnerState)
@pytest.mark.parametrize("new", PartnerState)
def test_only_listed_moves_are_made(old, new):
    if new in MOVES[old]:
        check_move(old, new)
    else:
        with pytest.raises(MoveError, match=f"{old} cannot become {new}"):
            check_move(old, new)


def test_nothing_goes_live_without_review():
    before_live = {state for state, moves in MOVES.items() if PartnerState.LIVE in moves}
    assert before_live == {PartnerState.REVIEW, PartnerState.PAUSED}
    before_paused = {state for state, moves in MOVES.items() if PartnerState.PAUSED in moves}
    assert before_paused == {PartnerState.LIVE}


def test_what_ended_stays_ended():
    assert not MOVES[PartnerState.ENDED]
    assert all(
        PartnerState.ENDED in moves for state, moves in MOVES.items() if state is not PartnerState.ENDED
    )
