"""The commands and their options. Of all that has to be installed, this package loads click alone."""
