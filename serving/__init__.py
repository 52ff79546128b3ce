"""How Argosy is asked: over HTTP, on screens and by command."""
