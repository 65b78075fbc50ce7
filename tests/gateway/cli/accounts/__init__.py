"""Accounts: profiles, preferences, and what a person keeps."""
