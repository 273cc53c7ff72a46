"""The endpoints. HEAD responds as GET does; Falcon leaves the body out."""
