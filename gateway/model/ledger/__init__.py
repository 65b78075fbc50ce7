"""Hand-offs and the rows of their log."""
