"""Values by name, from what a chain or a tree has given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ... import model
from ..plan import Key
from ..setting import Setting
from .distribution import Bounded, Distribution
from .result import Value

SUCCESS = ("completed", "finished")
CHAIN = "absorbing Markov chain"
LONG_RUN = "in the long run: the system is in its steady state"


def percentiles_of(distribution: Distribution, percentiles: Sequence[float]) -> dict[str, Value]:
    """The percentiles of a distribution as values."""
    found: dict[str, Bounded] = {f"p{percent:g}": distribution.percentile(percent) for percent in percentiles}
    return {name: Value(each.value, distribution.method, each.low, each.high) for name, each in found.items()}


def shares_of(endings: Mapping[str, float]) -> dict[str, Value]:
    """The probabilities of the endings as values, success first."""
    success = sum(share for name, share in endings.items() if name in SUCCESS)
    found = {"success": Value(success, CHAIN)}
    return found | {f"ended {name}": Value(share, CHAIN) for name, share in sorted(endings.items()) if share > 0}


def counts_of(setting: Setting, counts: Mapping[str | Key, float]) -> dict[str, Value]:
    """Expected undos, messages and visits as values."""
    found = {"undos": counts.get("undos", 0.0)}
    if isinstance(setting.design, model.Choreography):
        found |= {name: counts.get(name, 0.0) for name in ("publishes", "deliveries")}
        rare = {"messages lost": counts.get("lost", 0.0), "dead letters": counts.get("dead letters", 0.0)}
        found |= {name: count for name, count in rare.items() if count > 0}
    else:
        found["calls and replies"] = 2 * counts.get("calls", 0.0)
    for what, count in counts.items():
        if isinstance(what, tuple):
            kind, name = what
            found[f"visits {name}" if kind == "step" else f"visits {kind} {name}"] = count
    return {name: Value(count, CHAIN) for name, count in found.items()}


def of_queue(name: str, workers: int, arrivals: float, service: float, wait: float, method: str) -> dict[str, Value]:
    """Utilisation, mean wait and mean length of a queue, from its arrivals a second, the mean service and wait."""
    return {
        f"busy {name}": Value(arrivals * service / workers, "arrivals times services"),
        f"wait {name}": Value(wait, method),
        f"queue {name}": Value(arrivals * wait, "Little's law"),
    }
