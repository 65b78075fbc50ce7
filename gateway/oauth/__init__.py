"""The protocol, decided in memory by Authlib over records already loaded: pure, no I/O."""
