"""How many functions are evaluated again is bounded by their size, whatever comes for how many of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scanner.analysis.bounds import Limits
from scanner.analysis.waiting import Shares, Waiting

LIMITS = Limits(secret_size=2_000, chain_size=300, sink_size=1_500, code_size=1_000, broad_size=500)
FUNCTIONS = st.sets(st.integers(0, 60))
ROUNDS = st.lists(st.tuples(FUNCTIONS, FUNCTIONS, FUNCTIONS, FUNCTIONS, FUNCTIONS), max_size=12)


def _size(number: int) -> int:
    return 20 + 37 * number % 411


def _waiting(secrets: set[int], sinks: set[int], code: set[int], broad: set[int], texts: set[int]) -> Waiting:
    waiting = Waiting()
    waiting.secrets, waiting.sinks, waiting.code, waiting.broad, waiting.texts = secrets, sinks, code, broad, texts
    return waiting


@given(ROUNDS)
def test_what_is_evaluated_again_stays_within_its_shares(rounds: list[tuple[set[int], ...]]) -> None:
    shares = Shares(LIMITS, _size)
    chosen = [number for one in rounds for number in shares.of(_waiting(*one), set(range(61)))]
    assert sum(map(_size, chosen)) <= 2_000 + 300 + 1_500 + 1_000 + 500
    assert max(map(chosen.count, chosen), default=0) <= LIMITS.chain_rounds


@given(ROUNDS)
def test_without_secrets_each_function_is_evaluated_again_once(rounds: list[tuple[set[int], ...]]) -> None:
    shares = Shares(LIMITS, _size)
    chosen = [number for _secrets, *one in rounds for number in shares.of(_waiting(set(), *one), set(range(61)))]
    assert len(chosen) == len(set(chosen))


def test_only_what_has_a_summary_waits() -> None:
    assert Shares(LIMITS, _size).of(_waiting({1, 2}, {3}, {4}, {5}, set()), {2, 4}) == [2, 4]


def test_a_secret_comes_more_often_than_anything_else() -> None:
    shares = Shares(Limits(), _size)
    assert [shares.of(_waiting({1}, set(), {2}, set(), set()), {1, 2}) for _round in range(3)] == [[1, 2], [1], [1]]


def test_where_there_is_no_room_for_all_the_smallest_that_a_secret_came_for_are_evaluated() -> None:
    sizes = {1: 1_900, 2: 90, 3: 80, 4: 100}
    assert Shares(LIMITS, sizes.__getitem__).of(_waiting({1, 2, 3, 4}, set(), set(), set(), set()), sizes) == [2, 3, 4]


def test_what_a_large_program_leaves_out_is_left_out_by_size_alone() -> None:
    """A function more or less in the next release moves no other one in or out."""
    sizes = {number: 30 + 10 * number for number in range(25)}
    before = Shares(LIMITS, sizes.__getitem__).of(_waiting(set(), set(), set(sizes), set(), set()), sizes)
    after = Shares(LIMITS, sizes.__getitem__).of(_waiting(set(), set(), set(sizes) - {2}, set(), set()), sizes)
    assert len(before) > 5
    assert set(before) - set(after) == {2}
    assert set(after) <= set(before)


def test_a_share_that_is_used_up_takes_nothing_from_the_others() -> None:
    sizes = dict.fromkeys(range(40), 100)
    shares = Shares(LIMITS, sizes.__getitem__)
    assert shares.of(_waiting(set(), set(), set(range(10)), set(), set()), sizes) == list(range(10))
    later = shares.of(_waiting({30}, {31}, {32}, {33}, set()), sizes)
    assert later == [30, 31, 33]
    assert shares.left_out == {32}


def test_what_there_is_no_room_for_is_known() -> None:
    sizes = dict.fromkeys(range(30), 100)
    shares = Shares(LIMITS, sizes.__getitem__)
    chosen = shares.of(_waiting(set(range(25)), set(), {28}, set(), {29}), sizes)
    assert shares.left_out == set(range(20, 25))
    assert chosen == [*range(20), 28, 29]
