"""Consents: deciding, standing, ending."""
