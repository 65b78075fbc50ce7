"""Tests; the folders mirror the packages, and test files need no `__init__.py` beside them."""
