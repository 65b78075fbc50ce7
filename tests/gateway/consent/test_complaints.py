"""How many people complained: accounts of one person are one."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from gateway.consent.complaints import count_people


def marks(*texts: str) -> list[frozenset[str]]:
    return [frozenset(each.split()) for each in texts]


def test_accounts_that_share_a_mark_are_one_person() -> None:
    assert count_people([]) == 0
    assert count_people(marks("per_1 a", "per_2 b")) == 2
    assert count_people(marks("per_1 a", "per_1 a")) == 1
    assert count_people(marks("per_1 a b", "per_2 b c")) == 1


def test_what_joins_two_people_makes_them_one_in_whatever_order_it_comes() -> None:
    assert count_people(marks("per_1 a", "per_2 b", "per_3 a b")) == 1
    assert count_people(marks("per_3 a b", "per_1 a", "per_2 b", "per_4 d")) == 2


@given(st.lists(st.frozensets(st.sampled_from("abcdef"), min_size=1), max_size=6), st.randoms())
def test_the_order_of_complaints_does_not_matter(accounts: list[frozenset[str]], chance: Random) -> None:
    shuffled = list(accounts)
    chance.shuffle(shuffled)
    assert count_people(accounts) == count_people(shuffled)
