"""Which dates get a run: the request, what its plan depends on, the decision, and how it is shown."""
