"""The async edge: routes, pages and the machine interface."""
