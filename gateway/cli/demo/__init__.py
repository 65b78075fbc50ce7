"""The demonstration: people, two partners and a sample partner application on one machine."""
