"""What is measured, and whose trace a request belongs to."""
