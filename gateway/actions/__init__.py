"""One file an endpoint's story: load what the decision needs, decide in memory, commit the plan."""
