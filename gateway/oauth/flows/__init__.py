"""The flows that give tokens, decided by Authlib."""
