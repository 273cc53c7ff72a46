"""Actions on runs that exist: they are cancelled, run again, or get a note."""
