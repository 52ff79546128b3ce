from collections.abc import Callable

import pytest

from data.errors import ArgosyError
from data.redis_client import Circuit


class Server:
    """Counts who asks; may be away."""

    def __init__(self) -> None:
        self.now = 0.0
        self.away = False
        self.asked = 0
        self.circuit = Circuit(lambda: (OSError,), pause=1.0, clock=lambda: self.now)

    def ask(self) -> str:
        try:
            with self.circuit.asking(ArgosyError):
                self.asked += 1
                if self.away:
                    raise OSError("nobody")
                return "here"
        except ArgosyError as error:
            return str(error)


def at(server: Server, now: float, ask: Callable[[], str]) -> str:
    server.now = now
    return ask()


def test_one_asks_while_it_is_away_and_all_when_it_is_back() -> None:
    server = Server()
    assert server.ask() == "here"
    server.away = True
    assert [server.ask() for _ in range(5)] == ["nobody"] * 5
    assert server.asked == 2
    assert [at(server, 1.0, server.ask) for _ in range(5)] == ["nobody"] * 5
    assert server.asked == 3
    server.away = False
    assert at(server, 1.5, server.ask) == "nobody"
    assert [at(server, 2.0, server.ask) for _ in range(5)] == ["here"] * 5
    assert server.asked == 8


def test_another_error_is_not_an_outage() -> None:
    circuit = Circuit(lambda: (OSError,))
    with pytest.raises(KeyError), circuit.asking(ArgosyError):
        raise KeyError
    with circuit.asking(ArgosyError):
        pass
