"""What is decided: what the models' answers become. Nothing here knows HTTP."""
