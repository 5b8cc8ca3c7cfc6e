"""Models as networkx graphs: `flow` for orchestrations, `events` for choreographies."""
