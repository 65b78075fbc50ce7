"""Schema migrations (Alembic), up and down, on both databases."""
