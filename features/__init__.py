"""What is known: the merchant's tables, the features made from them, the stores that keep both."""
