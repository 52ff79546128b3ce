"""How it is made: from an as-of frame to a registered model that beat its baselines."""
