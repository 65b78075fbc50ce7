"""Actions: each loads what its decision needs, decides in memory, and commits the plan."""
