"""Pictures. Plot functions take `ax=None` and return the Axes; nothing calls `show()`."""
