"""How a consent stands now and what was received under it, as pages and letters show it."""
