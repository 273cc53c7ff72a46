"""What requests may hold, by subject. The metadata of a field is what the description of the API says about it."""
