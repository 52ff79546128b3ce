"""Small data for the tests beside."""

CARD_NUMBER = "4111 1111-1111 1111"
