"""Results as text, data and HTML."""
