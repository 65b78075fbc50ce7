"""What a reviewer of a manifest looks at: changes, warnings, texts."""
