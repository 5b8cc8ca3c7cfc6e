"""The steps of a flow written out: families as `reserve[1]`, `reserve[2]`, ..., and what steps run as `pack.wrap`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .. import model
from ..errors import ModelError, Problem, did_you_mean, position_of
from ..expressions import BOOL, FALSE, Resolver, Scope
from .calls import Call, call_of, call_problems, written_out
from .indices import copies, located, member_name, member_named, with_indices
from .order import predecessors

Indices = Mapping[str, int]
DEEPEST_CALLS, MOST_STEPS = 50, 20_000


def is_plain(flow: model.Flow) -> bool:
    """Whether a flow has nothing that must be written out: no family or reference to a copy of one, no called flow."""
    if any(step.for_each or step.flow is not None for step in flow.steps.values()):
        return False
    references = [name for step in flow.steps.values() if not step.origin.made for name in _references(step)]
    return not any("[" in name for name in references)


def _references(step: model.Step) -> tuple[str, ...]:
    return (*(step.after or ()), *(transition.to for transition in step.transitions))


def base_name(reference: str) -> str:
    """The step that a reference speaks of: `reserve` in `reserve[i]`."""
    return located(reference.partition("[")[0].strip(), reference)


@dataclass(frozen=True)
class Copy:
    """One copy of a step; a step that is no family has one, without indices.

    name: also the step that others wait for. call: what it runs, if it runs a flow.
    """

    name: str
    indices: Indices
    call: Call | None = None

    @property
    def entry(self) -> str:
        """The step that a jump goes to."""
        return self.call.entry if self.call else self.name


@dataclass(frozen=True)
class Family:
    """A step as written, with its copies by the values of its indices."""

    name: str
    step: model.Step
    copies: Mapping[tuple[int, ...], Copy]

    @property
    def exits(self) -> tuple[str, ...]:
        """What those wait for that come after all of them."""
        found = tuple(copy.name for copy in self.copies.values())
        return found[-1:] if self.step.in_turn else found


@dataclass(frozen=True)
class Expansion:
    """The place where a design's steps are written out: its constants, and the problems found.

    within: the names of the flows that are being run here, from the outermost on; prefix: of the names of its steps;
    made: how many steps there are so far.
    """

    design: model.Orchestration
    constants: Scope
    resolver: Resolver
    families: Mapping[str, Family] = field(default_factory=dict)
    indices: Indices = field(default_factory=dict)
    within: tuple[str, ...] = ()
    prefix: str = ""
    made: Counter[str] = field(default_factory=Counter)

    def problem(self, code: str, message: str, about: object, hint: str = "", unknown: str = "") -> None:
        self.resolver.problems.append(Problem(code, message, position_of(about), hint, unknown))

    def steps_of(self, flow: model.Flow) -> dict[str, model.Step]:
        """All steps of a flow, written out."""
        jumped_to = {base_name(t.to) for step in flow.steps.values() for t in step.transitions}
        families = {name: self._family(name, step, name in jumped_to) for name, step in flow.steps.items()}
        here = replace(self, families=families)
        waits_for = predecessors(_with_base_names(flow))
        found: dict[str, model.Step] = {}
        only_by_jumps = []
        for name, family in families.items():
            for position, copy in enumerate(family.copies.values()):
                after = here._after(family, position, waits_for[name])
                found |= here._copy(family, copy, after)
                only_by_jumps += [copy.entry] if after is None else []
        if not self.resolver.problems:
            self._check_jumps(found, only_by_jumps)
        return found

    def _family(self, name: str, step: model.Step, jumped_to: bool) -> Family:
        values: list[dict[str, int]] = [{}]
        if step.for_each:
            before = len(self.resolver.problems)
            scope = with_indices(self.constants, self.indices)
            values = copies(name, step.for_each, scope, self.resolver, (*self.design.types, *self.design.variables))
            if not values and len(self.resolver.problems) == before:
                hint = "write i in 1..N with N from 1 on"
                self.problem("E143", f"'{name}' has no copies: the range of its index is empty", name, hint)
        found: dict[tuple[int, ...], Copy] = {}
        begun = len(self.resolver.problems)
        for each in values:
            self.made["steps"] += 1
            if self.made["steps"] > MOST_STEPS:  # Flows that run others twice, fifty deep: never all written out.
                message = f"these flows stand for more than {MOST_STEPS:,} steps"
                raise ModelError([Problem("E234", message, position_of(name))])
            full = located(f"{self.prefix}{member_name(name, each)}", name)
            indices = {**self.indices, **each}
            call = None if step.flow is None else self._call(full, step, step.flow, indices, jumped_to)
            found[tuple(each.values())] = Copy(full, indices, call)
            if len(self.resolver.problems) > begun:
                break  # The other copies would repeat them.
        return Family(name, step, found)

    def _call(self, name: str, step: model.Step, flow: str, indices: Indices, jumped_to: bool) -> Call | None:
        """What a step that runs a flow stands for; None with a problem noted where there is no such flow."""
        called = self.design.flows.get(flow)
        if called is None:
            hint = did_you_mean(flow, self.design.flows) or "declare it under 'flows'"
            self.problem("E223", f"unknown flow '{flow}'", flow, hint, unknown=flow)
            return None
        if flow in self.within or len(self.within) >= DEEPEST_CALLS:
            way = " → ".join((*self.within, flow))
            self.problem("E224", f"'{flow}' runs itself: {way}", flow, "write a loop with transitions instead")
            return None
        if not called.steps:
            self.problem("E201", f"'{flow}' has no steps", flow)
            return None
        inside = replace(self, families={}, indices=indices, within=(*self.within, flow), prefix=f"{name}.")
        before = len(self.resolver.problems)
        steps = inside.steps_of(called)
        if len(self.resolver.problems) > before:
            return None
        call = call_of(name, step, called, steps, jumped_to)
        call_problems(call, self.resolver)
        return call

    def _after(self, family: Family, position: int, waits_for: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """What a copy waits for; None where it is only jumped to."""
        members = list(family.copies.values())
        if family.step.in_turn and position:
            return (members[position - 1].name,)
        if waits_for is None:
            return None
        here = members[position].indices
        return tuple(dict.fromkeys(exit for text in waits_for for exit in self._waited_for(text, here)))

    def _waited_for(self, reference: str, indices: Indices) -> Sequence[str]:
        if "[" not in reference:
            family = self._named(reference, self.families)
            return family.exits if family else ()
        copy = self._member(reference, indices)
        return () if copy is None else (copy.name,)

    def _named(self, name: str, known: Mapping[str, Family]) -> Family | None:
        if name not in known:
            self.problem("E202", f"unknown step '{name}'", name, did_you_mean(name, known))
        return known.get(name)

    def _member(self, reference: str, indices: Indices) -> Copy | None:
        """The copy that `reserve[i + 1]` names; notes a problem where there is none."""
        found = member_named(reference, with_indices(self.constants, indices), self.resolver, "step")
        if found is None:
            return None
        name, key = found
        family = self._named(located(name, reference), self.families)
        if family is None:
            return None
        if key not in family.copies:
            shown = f"{name}[{','.join(map(str, key))}]"
            hint = f"there is {_shown(family)}" if family.step.for_each else f"'{name}' is no family: write '{name}'"
            self.problem("E220", f"there is no step '{shown}'", reference, hint, unknown=name)
        return family.copies.get(key)

    def _copy(self, family: Family, copy: Copy, after: tuple[str, ...] | None) -> dict[str, model.Step]:
        transitions = tuple(self._transitions(family.step, copy.indices))
        origin = replace(family.step.origin, made=True, indices=copy.indices)
        step = replace(
            family.step, for_each=(), in_turn=False, flow=None, after=after, transitions=transitions, origin=origin
        )
        return written_out(copy.call, step) if copy.call else {copy.name: step}

    def _transitions(self, step: model.Step, indices: Indices) -> Iterator[model.Transition]:
        for transition in step.transitions:
            to = transition.to
            if to in ("end", "abort"):
                yield transition
            elif "[" not in to:
                family = self._named(to, self.families)
                if family is not None and family.step.for_each:
                    hint = f"name one of {_shown(family)}"
                    self.problem("E221", f"a transition cannot go to all copies of '{to}'", to, hint)
                elif family is not None:
                    yield replace(transition, to=family.copies[()].entry)
            elif not self._never(transition, indices):
                copy = self._member(to, indices)
                if copy is not None:
                    yield replace(transition, to=copy.entry)

    def _never(self, transition: model.Transition, indices: Indices) -> bool:
        """Whether a condition on the indices alone rules a transition out, as `i < N` does for the last copy."""
        if transition.when is None:
            return False
        return Resolver().expression(transition.when, with_indices(self.constants, indices), BOOL) == FALSE

    def _check_jumps(self, steps: Mapping[str, model.Step], only_by_jumps: Sequence[str]) -> None:
        """Every copy of a family that is reached by jumps must be jumped to."""
        waits_for = predecessors(model.Flow(steps=steps))
        for name in only_by_jumps:
            if waits_for[name] is not None:
                hint = "say what the copies wait for with 'after', or jump to each of them"
                self.problem("E222", f"nothing leads to '{name}': its family is only jumped to", name, hint)


def _with_base_names(flow: model.Flow) -> model.Flow:
    """The flow with jumps to families instead of to their copies."""
    steps = {
        name: replace(step, transitions=tuple(replace(t, to=base_name(t.to)) for t in step.transitions))
        for name, step in flow.steps.items()
    }
    return replace(flow, steps=steps)


def _shown(family: Family) -> str:
    """The copies of a family, as a hint."""
    names = [copy.name for copy in family.copies.values()]
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}" if names else "no copy"
