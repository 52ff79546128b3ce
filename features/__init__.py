"""What is known: the features of each use case, and the store that keeps them."""
