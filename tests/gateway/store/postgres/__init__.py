"""One statement that is a whole transaction (PostgreSQL)."""
