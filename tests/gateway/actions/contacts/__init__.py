"""Contacts between people."""
