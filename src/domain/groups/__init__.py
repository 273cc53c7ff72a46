"""A group of runs: how far it is, why it waits, when it ends, and what may be done to its runs."""
