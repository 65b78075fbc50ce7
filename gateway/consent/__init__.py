"""Consent: what a decision means, who may decide, and the notice that it is bound to (pure, no I/O)."""
