"""How it is asked: the HTTP API and batch scoring, from the same live releases."""
