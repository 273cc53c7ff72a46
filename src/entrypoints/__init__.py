"""How the outside reaches the rules."""
