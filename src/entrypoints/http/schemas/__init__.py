"""Request and response schemas, and the fields that they are made of."""
