"""The control of the runs of a group: when and in which order they start, how many at once, and what stops them."""
