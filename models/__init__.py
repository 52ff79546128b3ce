"""What is computed: models that fit a frame and predict a frame, and their registry."""
