"""What every page shares: frame, formats, wording."""
