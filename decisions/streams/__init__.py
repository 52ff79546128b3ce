"""Streams in: events, outcomes of payments and counts of stock from a message broker."""
