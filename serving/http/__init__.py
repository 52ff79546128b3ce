"""How Argosy is asked over HTTP: routes, schemas, keys, errors."""
