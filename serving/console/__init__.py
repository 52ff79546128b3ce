"""The screens: a client of the HTTP API, in the browser, with the same keys and scopes."""
