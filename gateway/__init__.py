"""The consent gateway: an OAuth 2 / OpenID Connect authorization server between one service and its partners."""
