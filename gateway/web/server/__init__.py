"""What is transport: bounds, bodies, headers."""
