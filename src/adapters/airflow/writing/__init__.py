"""How runs, actions on groups and audit entries become rows."""
