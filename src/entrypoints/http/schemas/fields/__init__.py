"""The fields that requests and responses are made of."""
