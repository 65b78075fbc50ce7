"""The databases themselves: connections, lanes, leases, statements."""
