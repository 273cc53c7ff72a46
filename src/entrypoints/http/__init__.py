"""The HTTP contract in Falcon resources and marshmallow schemas."""
