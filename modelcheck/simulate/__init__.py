"""Time: delays, draws, back ends, statistics."""
