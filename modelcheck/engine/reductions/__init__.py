"""Fewer states for the same verdicts: symmetry of what is interchangeable, and one order for what is independent.

    normal ──▶ symmetry ──▶ canonical ─────────┐
    (trees that mean      (which indices can   (the one state that stands    ├──▶ search (on plain tuples)
     the same are          be exchanged)        for all that differ only in  │
     one node)                                  an exchange)                 ├──▶ columns (for whole frontiers)
    proofs ──▶ dependence ──▶ stubborn ────────┘
    (z3, cached  (which actions   (the actions that
     by shape)    accord, enable)  suffice in a state)

Each can be switched off; the tests compare every combination with the full search.
"""
