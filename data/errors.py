"""The root of every error that Argosy raises for a person to read."""


class ArgosyError(Exception):
    """What was wrong, the value, the remedy, in words for a person."""
