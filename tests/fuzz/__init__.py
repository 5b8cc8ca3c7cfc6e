"""Mutated models: whatever a file holds, it ends in a result or in a `ModelError`, and soon."""
