"""The work of each command. A module is loaded when its command runs."""
