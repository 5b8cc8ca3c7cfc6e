"""Why a value cannot be given exactly: said instead of a wrong or approximate one."""

from __future__ import annotations


class NotExact(Exception):
    """No exact value; `reason` says why, in words for the reader."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason
