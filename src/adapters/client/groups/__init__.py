"""Groups of any size, which take several requests."""
