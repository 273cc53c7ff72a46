"""The fields of requests, by subject. The metadata of a field is what the description of the API says about it."""
