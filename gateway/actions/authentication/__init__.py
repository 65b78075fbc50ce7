"""Authentication: sessions, factors, and the ways back in."""
