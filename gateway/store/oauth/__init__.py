"""Codes, tokens, requests and keys of OAuth 2 and OpenID Connect."""
