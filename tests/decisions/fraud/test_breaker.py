from collections.abc import Sequence

from decisions.fraud.breaker import Breaker, recent_shares


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
