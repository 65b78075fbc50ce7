"""Guardians' answers: one yes opens, any no closes."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.consent.approvals import GuardianVerdict, verdict, with_answer
from gateway.model.grants import Approval, GuardianAnswer

GUARDIANS = st.sampled_from(["per_a", "per_b", "per_c"])
ANSWERS = st.dictionaries(GUARDIANS, st.sampled_from(GuardianAnswer), max_size=3).map(
    lambda answers: tuple(Approval(name, answer) for name, answer in answers.items())
)


def test_nobodys_answer_opens_nothing() -> None:
    assert verdict(()) is GuardianVerdict.OPEN


@given(ANSWERS, GUARDIANS)
def test_p9_a_no_wins_whatever_the_others_say(approvals: tuple[Approval, ...], guardian: str) -> None:
    assert verdict(with_answer(approvals, guardian, GuardianAnswer.DENY)) is GuardianVerdict.DENIED


@given(ANSWERS)
def test_p9_it_is_allowed_by_a_yes_alone_and_never_against_a_no(approvals: tuple[Approval, ...]) -> None:
    given_answers = {each.answer for each in approvals}
    assert (verdict(approvals) is GuardianVerdict.ALLOWED) == (given_answers == {GuardianAnswer.ALLOW})


@given(ANSWERS, GUARDIANS, st.sampled_from(GuardianAnswer))
def test_a_guardian_has_one_answer_the_latest(
    approvals: tuple[Approval, ...], guardian: str, answer: GuardianAnswer
) -> None:
    after = with_answer(approvals, guardian, answer)
    assert [each.answer for each in after if each.guardian_id == guardian] == [answer]
    assert [each for each in after if each.guardian_id != guardian] == [
        each for each in approvals if each.guardian_id != guardian
    ]
