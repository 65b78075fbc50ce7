"""Partners, their clients and their offers."""
