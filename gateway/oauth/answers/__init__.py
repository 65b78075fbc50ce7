"""What goes out: ID tokens, signed answers, events."""
