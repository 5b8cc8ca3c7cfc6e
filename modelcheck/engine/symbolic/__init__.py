"""Symbolic model checking (McMillan 1993): sets of states as binary decision diagrams.

For what cannot be counted out: `symbolic` finds what can be reached, `possible` whether a goal stays within reach.
"""

from .domains import why_not
from .possible import possible
from .reachability import symbolic

__all__ = ["possible", "symbolic", "why_not"]
