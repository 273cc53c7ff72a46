"""The SQL of all reads."""
