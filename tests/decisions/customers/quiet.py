"""Small data for the tests beside."""


def silent(text: str, share: float | None) -> None:
    del text, share
