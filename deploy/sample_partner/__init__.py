"""A sample relying party of the consent gateway: two small services that ask, read, refresh and let go."""
