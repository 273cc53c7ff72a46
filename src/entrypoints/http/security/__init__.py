"""Who may send a request, from where, and how often."""
