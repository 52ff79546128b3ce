"""Sessions: the browser holds a token, idle ones end, what a key may do is told."""

from serving.console.session import Person, Sessions

ANNA = Person("anna", frozenset({"plan", "approve"}), "argosy_key", "EUR", ("replenishment",))


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_a_session_is_found_by_its_token_only():
    sessions = Sessions(60)
    token = sessions.begin(ANNA)
    assert sessions.find(token) is ANNA
    assert sessions.find("other") is None
    assert sessions.find(None) is None
    assert "argosy_key" not in token


def test_an_idle_session_ends_and_an_active_one_goes_on():
    clock = Clock()
    sessions = Sessions(60, clock)
    token = sessions.begin(ANNA)
    for clock.now in (50.0, 100.0, 150.0):
        assert sessions.find(token) is ANNA
    clock.now = 211.0
    assert sessions.find(token) is None
    clock.now = 212.0
    assert sessions.find(token) is None


def test_ended_sessions_do_not_pile_up():
    clock = Clock()
    sessions = Sessions(60, clock)
    for _ in range(5):
        sessions.begin(ANNA)
        clock.now += 100
    assert len(sessions._kept) == 1


def test_signing_out_ends_the_session():
    sessions = Sessions(60)
    token = sessions.begin(ANNA)
    sessions.end(token)
    sessions.end(token)
    assert sessions.find(token) is None


def test_scopes():
    admin = Person("root", frozenset({"admin"}), "k", "EUR", ())
    assert ANNA.may("plan")
    assert ANNA.may("review", "approve")
    assert ANNA.may()
    assert not ANNA.may("review")
    assert admin.may("review")
