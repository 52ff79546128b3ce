from collections.abc import Sequence

import pytest

from decisions.fraud.breaker import Breaker, recent_shares
from decisions.fraud.engine import may_be_mistaken


def always(*decisions: tuple[str, bool]) -> Breaker:
    def recent(count: int) -> Sequence[tuple[str, bool]]:
        return decisions[:count]

    return Breaker(0.2, recent, clock=lambda: 0.0)


def test_a_rule_that_blocks_all_is_stopped_after_a_few_payments() -> None:
    breaker = always(*[("allow", True)] * 18, *[("block", True)] * 4)
    assert not breaker.passes("block")
    assert breaker.passes("allow")
    assert breaker.passes("challenge")


def test_so_is_one_that_reviews_all() -> None:
    assert not always(*[("review", True)] * 30).passes("review")


def test_an_attack_does_not_open_it() -> None:
    assert always(*[("block", False)] * 150, *[("allow", True)] * 50).passes("block")


def test_a_few_payments_say_nothing() -> None:
    assert always(*[("block", True)] * 5).passes("block")


def test_what_this_worker_decides_counts_until_the_next_look() -> None:
    breaker = always(*[("allow", True)] * 20)
    passed = [breaker.passes("block") for _ in range(20)]
    assert passed[:5] == [True] * 5
    assert not all(passed)
    assert sum(passed) / 40 <= 0.2


def test_shares_count_what_may_be_mistaken() -> None:
    shares = recent_shares([("block", True), ("block", False), ("review", True), ("allow", True)])
    assert (shares.decisions, shares.blocked, shares.reviewed) == (4, 1, 1)


@pytest.mark.parametrize(
    ("hit", "mistakable"),
    [
        (("own",), True),
        ((), True),
        (("card_testing_device", "own"), False),
        (("card_testing_bin",), False),
        (("card_testing_bin", "account_takeover"), False),
        (("card_testing_bin", "own"), True),  # what one's own rule blocks is declined, too
        (("card_testing_network", "card_testing_customer", "own"), False),
    ],
)
def test_rules_that_go_by_declines_prove_nothing_beside_ones_own(
    hit: tuple[str, ...], mistakable: bool
) -> None:
    assert may_be_mistaken(hit, ()) is mistakable
    assert not may_be_mistaken(hit, ("block",))


def test_to_ask_whether_it_is_shut_counts_nothing() -> None:
    breaker = always(*[("block", True)] * 3, *[("allow", True)] * 27)
    assert [breaker.is_shut("block") for _ in range(3)] == [True] * 3
    assert not always(*[("block", True)] * 30).is_shut("block")
    assert always(*[("block", True)] * 30).is_shut("challenge")
