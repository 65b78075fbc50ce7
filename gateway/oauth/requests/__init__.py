"""Reading and checking what an authorization request asks for."""
