"""What administrators can do, did, and wait for."""
