"""Time in the worst case: what bounded delays allow, for every one of their values (see `search`)."""
