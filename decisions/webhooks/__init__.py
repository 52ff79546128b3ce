"""Webhooks: signed messages to the shop's other systems, tried until they arrive."""
