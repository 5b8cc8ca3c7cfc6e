"""Search over packed states: `search.packed_search`."""
