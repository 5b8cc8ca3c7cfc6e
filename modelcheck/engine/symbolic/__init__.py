"""Symbolic model checking (McMillan 1993): sets of states as binary decision diagrams, for what cannot be counted out."""

from .domains import why_not
from .possible import possible
from .reachability import symbolic

__all__ = ["possible", "symbolic", "why_not"]
