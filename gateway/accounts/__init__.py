"""Accounts: passwords, the checks on profile fields, and the people list that an administrator hands in."""
