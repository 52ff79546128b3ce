"""A page of nobody, for tests of words."""

from serving.console.formats import Formats
from serving.console.view import ConsoleView


def view(language: str) -> ConsoleView:
    """A page of nobody, in a language."""
    nobody: dict[str, object] = dict.fromkeys(("person", "token", "sessions", "client"))
    formats = Formats("en", "EUR")
    return ConsoleView(**nobody, formats=formats, language=language, query={}, address="/")  # type: ignore[arg-type]
