"""How a grant stands, for its person, a guardian and whoever looks on: what several wings see."""
