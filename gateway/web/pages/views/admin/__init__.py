"""Views of the administration: names of fields, never values; no page grants anything."""
