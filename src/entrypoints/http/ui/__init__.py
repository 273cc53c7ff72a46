"""The page of groups: what serves it, and in static/ the page itself."""
