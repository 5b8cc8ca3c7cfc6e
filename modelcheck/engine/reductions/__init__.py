"""Fewer states for the same verdicts: symmetry of what is interchangeable, and one order for what is independent.

Symmetry: `normal` (trees that mean the same are one number), `exchange` (is a system the same with two indices
exchanged?), `symmetry` (blocks of indices), `canonical` (the one state that stands for all symmetric ones).
Partial order: `proofs` (z3, by shape), `dependence` (which actions accord, enable, are noticed), `progress` (which only
lead onwards), `stubborn` (the actions that suffice in a state).
Used by `search` (both, on plain tuples) and `columns` (symmetry, over whole frontiers of packed states). Each can be
switched off; the tests compare every combination with the full search.
"""
