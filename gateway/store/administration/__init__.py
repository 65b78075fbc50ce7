"""What only administrators do to accounts: roles, and factors that were lost."""
