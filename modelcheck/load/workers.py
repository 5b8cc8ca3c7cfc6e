"""What workers do about those who wait, and when they break down."""

from __future__ import annotations

from .. import model
from .delays import DELAYS
from .design import plain
from .reader import Key, named, record, word
from .values import PRIORITY

CRASHES = Key(
    named(
        "crashes",
        record(
            "crashes",
            {
                "every": Key(DELAYS, "how long it works, from its start or repair to the next crash", required=True),
                "repair": Key(DELAYS, "how long it is down; it takes on nothing meanwhile", required=True),
                "work": Key(
                    word(
                        meanings={
                            "waits": "it goes on after the repair where it stopped",
                            "starts again": "it begins again after the repair",
                        }
                    ),
                    "what becomes of the work that was in progress",
                ),
            },
            plain(model.Crashes),
        ),
    ),
    "how it breaks down in a simulation: {every: exponential(mean=1h), repair: exponential(mean=5min)}",
)
PRIORITIES = Key(
    PRIORITY, "in a simulation, of those who wait for the same workers the highest goes first; 0 without it"
)
DISCIPLINE = Key(
    word(
        meanings={
            "in turn": "each worker serves one call at a time, the others wait for their turn",
            "shared": "all calls are served at once, the slower the more there are (processor sharing)",
        }
    ),
    "how its workers are given to calls",
)
