"""Room for what starts: how many steps services and coordinators have in flight, and how many they can."""

from __future__ import annotations

from .. import model
from ..expand.several import coordinator_of
from ..expressions import TRUE, Expr, compare, conjunction, integer, total
from .control import Control


class Busy:
    """How many steps are in flight at a service or coordinator, over all instances and flows: what limits `start`."""

    def __init__(self, design: model.Orchestration, parts: list[Control]):
        self.design = design
        self.sums: dict[tuple[str, str], Expr] = {}
        self.at_service: dict[str, list[Expr]] = {name: [] for name in design.services}
        self.of_coordinator: dict[str, list[Expr]] = {}
        for part in parts:
            in_flight = self.of_coordinator.setdefault(coordinator_of(part.design) or "", [])
            for name, step in part.design.flow.steps.items():
                if step.origin.instant and step.compensation is None:
                    continue
                running = part.status_is(name, "running")
                in_flight.append(running)
                self.at_service.get(step.service or "", []).append(running)
                if step.compensation is not None:
                    undoing = part.status_is(name, "undoing")
                    in_flight.append(undoing)
                    self.at_service.get(step.compensation.service or step.service or "", []).append(undoing)

    def has_room(self, control: Control, service: str | None) -> Expr:
        """A worker of the service and a slot of the flow's coordinator are free."""
        coordinator = coordinator_of(control.design) or ""
        limits = []
        if coordinator:
            concurrency = self.design.coordinators[coordinator].concurrency
            limits.append(self._below(("coordinator", coordinator), self.of_coordinator[coordinator], concurrency))
        if service is not None and service in self.design.services:
            workers = self.design.services[service].at_once
            limits.append(self._below(("service", service), self.at_service[service], workers))
        return conjunction(limits)

    def _below(self, place: tuple[str, str], busy: list[Expr], limit: int | None) -> Expr:
        """That fewer than the limit are in flight at a place; one tree for all who ask."""
        if limit is None or limit >= len(busy):
            return TRUE
        if place not in self.sums:
            self.sums[place] = compare("<", total(busy), integer(limit))
        return self.sums[place]
