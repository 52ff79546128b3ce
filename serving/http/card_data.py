"""Card numbers and verification codes are refused at the door."""

from typing import Any

from data.card_numbers import find_card_data
from serving.http.errors import FieldFault, Problem


def refuse_cards(body: Any) -> None:
    """Raise Problem 422 when a field of the JSON body holds a card number or a card's code.

    The answer names the field, never its value.
    """
    faults = [FieldFault(pointer, message) for pointer, message in find_card_data(body)]
    if faults:
        raise Problem(
            422,
            "card_data_refused",
            "Card numbers and verification codes are not accepted, stored or logged; send the "
            "token of your payment provider as card_id.",
            fields=faults,
        )
