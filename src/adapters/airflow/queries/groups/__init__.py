"""Queries about groups: which there are, how far they are, and what controls them."""
