"""The five patterns of fraud, one attack each call: all generated.

card_testing      a burst of small amounts with many cards from one device, mostly declined,
                  then at times one large order with a card that worked; some testers are slow.
stolen_card       a new or sleeping account with someone else's card: addresses and countries
                  often disagree, the basket is large, the devices come back in other attacks.
account_takeover  a real customer's account from a new device, often from abroad, larger baskets,
                  the stored card or another one.
many_accounts     one or two devices open account after account, one or two orders each.
refund_abuse      an ordinary-looking account that has nearly everything refunded.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from data.sample.plan import START, token
from data.sample.ring import Attempt, Ring
from data.sample.wallets import address, main_card


def _card_testing(ring: Ring) -> Iterator[Attempt]:
    when = ring.moment()
    home = ring.market(ring.basket(when, None, high=0.2))
    who = ring.account(when, home, sleeper=0.4)
    seen = ring.abroad(home, 0.4)
    device, ip = ring.device(when, seen)
    pause = 5400 if ring.chance(0.3) else 100
    worked = None
    for number in range(ring.between(4, 12)):
        outcome = "captured" if ring.chance(0.4) else "declined"
        test = ring.plain(when, who, home, (device, ip), high=0.2)
        test = replace(
            test,
            goods=1,
            card_id=ring.card(),
            ip_address=ip if ring.chance(0.8) else address(seen, "mobile", number),
            billing_country=ring.abroad(home, 0.4),
            ip_country=seen,
            address_match=ring.chance(0.55),
            outcome=outcome,
            x_session_seconds=ring.session(0.25),
            pattern="card_testing",
        )
        yield test
        worked = test if outcome == "captured" else worked
        when += ring.wait(pause)
    if worked is not None and ring.chance(0.6):
        when += ring.wait(6 * 3600)
        large = ring.basket(when, home, low=0.6)
        times, seconds = ring.between(1, 2), ring.session(1.0)
        yield replace(
            worked, at=when, basket=large, goods=0, times=times, x_session_seconds=seconds
        )


def _stolen_card(ring: Ring) -> Iterator[Attempt]:
    when = ring.moment()
    home = ring.market(ring.basket(when, None, low=0.35))
    who = ring.account(when, home, sleeper=0.45)
    seen = ring.abroad(home, 0.4)
    machine = ring.device(when, seen)
    card, billing = ring.card(), ring.abroad(home, 0.45)
    for _ in range(ring.between(1, 4)):
        yield replace(
            ring.plain(when, who, home, machine, low=0.35),
            times=ring.pick((1, 2, 3), (0.35, 0.4, 0.25)),
            card_id=card,
            billing_country=billing,
            shipping_country=ring.abroad(home, 0.1),
            ip_country=seen,
            address_match=ring.chance(0.45),
            outcome="declined" if ring.chance(0.2) else "captured",
            x_session_seconds=ring.session(0.8),
            pattern="stolen_card",
        )
        when += ring.wait(12 * 3600)


def _account_takeover(ring: Ring) -> Iterator[Attempt]:
    victim, when = ring.victim()
    home = str(ring.own.country[victim])
    who = str(ring.own.accounts[victim]), str(ring.own.email_hash[victim])
    seen = ring.abroad(home, 0.5)
    machine = ring.device(when, seen)
    stored = main_card(ring.own, victim, (when - START).days)
    card = stored if ring.chance(0.65) else ring.card()
    for _ in range(ring.between(1, 4)):
        yield replace(
            ring.plain(when, who, home, machine, low=0.4),
            times=ring.pick((1, 2, 3), (0.4, 0.35, 0.25)),
            card_id=card,
            billing_country=str(ring.own.billing[victim]),
            shipping_country=ring.abroad(home, 0.15),
            ip_country=seen,
            address_match=ring.chance(0.5),
            outcome="declined" if ring.chance(0.15) else "captured",
            x_session_seconds=ring.session(1.8),
            pattern="account_takeover",
        )
        when += ring.wait(5 * 3600)


def _many_accounts(ring: Ring) -> Iterator[Attempt]:
    when = ring.moment()
    home = ring.market(ring.basket(when, None))
    machines = [ring.device(when, home) for _ in range(ring.between(1, 2))]
    cards = [ring.card() for _ in range(ring.between(2, 4))]
    for _ in range(ring.between(4, 9)):
        who = ring.account(when, home, sleeper=0.2)
        machine = machines[ring.between(0, len(machines) - 1)]
        for _ in range(ring.between(1, 2)):
            yield replace(
                ring.plain(when, who, home, machine, low=0.2),
                card_id=cards[ring.between(0, len(cards) - 1)],
                ip_country=ring.abroad(home, 0.1),
                address_match=ring.chance(0.75),
                outcome="declined" if ring.chance(0.1) else "captured",
                x_session_seconds=ring.session(0.8),
                pattern="many_accounts",
            )
            when += ring.wait(86400)


def _refund_abuse(ring: Ring) -> Iterator[Attempt]:
    when = ring.moment()
    home = ring.market(ring.basket(when, None))
    who = ring.account(when, home, sleeper=0.7)
    card, machine = ring.card(), ("dev-" + token(who, "own"), address(who, "home"))
    for _ in range(ring.between(6, 12)):
        yield replace(
            ring.plain(when, who, home, machine, low=0.3),
            card_id=card,
            address_match=ring.chance(0.85),
            outcome="refunded" if ring.chance(0.75) else "captured",
            pattern="refund_abuse",
        )
        when += ring.wait(4 * 86400)


# Share of the fraudulent payments, by pattern.
SHARES = {
    "card_testing": 0.26,
    "stolen_card": 0.22,
    "account_takeover": 0.32,
    "many_accounts": 0.11,
    "refund_abuse": 0.09,
}
PATTERNS: dict[str, Callable[[Ring], Iterator[Attempt]]] = {
    "card_testing": _card_testing,
    "stolen_card": _stolen_card,
    "account_takeover": _account_takeover,
    "many_accounts": _many_accounts,
    "refund_abuse": _refund_abuse,
}
