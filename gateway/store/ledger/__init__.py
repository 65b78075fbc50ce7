"""The hand-off log."""
