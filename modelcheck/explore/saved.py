"""Traces in files: what happened, by names and written values, for people to read and for later models to replay.

A file says which model, with which constants, begins with which values, and which actions happen: by name and
instance, with the values that were chosen, and what each changed. Replaying walks through the model as it is
now, and where it has become another one says at which step, and why.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import ModelError, Problem, did_you_mean
from ..expressions import show
from ..report.data import json_text
from ..system import Action, Claim, State, TransitionSystem
from ..trace import ReplayError, Trace, choice_between, replay
from .beginning import state_with
from .blocked import Explainer
from .exploration import Exploration
from .options import Option, options_in, with_values

FORMAT, VERSION = "modelcheck trace", 1
MOST_BYTES = 20_000_000


def trace_data(here: Exploration) -> dict[str, object]:
    """The path of an exploration as what its file holds. Raises `ModelError`, E511: choices that cannot be told."""
    path, system = here.path, here.system
    loop = path.loop if len(path) == len(here.trace) else None
    broken = path.broken if len(path) == len(here.trace) else None
    return {
        "format": FORMAT,
        "version": VERSION,
        "model": here.design.name,
        "file": here.file,
        "constants": dict(here.constants),
        "shows": here.shows,
        "initial": {
            v.name: show(value, v.type)
            for v, value in zip(system.variables, path.states[0], strict=True)
            if v.role == "data"
        },
        "steps": [_step(system, path, index) for index in range(len(path))],
        "loop": loop,
        "broken": None if broken is None else {"kind": broken.kind, "name": broken.name},
    }


def save(here: Exploration, path: str | Path) -> None:
    """Writes the path up to where an exploration stands; raises `ModelError`, E511 and E902."""
    text = json_text(trace_data(here))
    try:
        Path(path).write_text(text + "\n", encoding="utf-8")
    except (OSError, ValueError) as error:
        raise _unreadable(path, error, "write") from None


def _step(system: TransitionSystem, path: Trace, index: int) -> dict[str, object]:
    number, before, after = path.actions[index], path.states[index], path.states[index + 1]
    action = system.actions[number]
    full = choice_between(system, number, before, after)
    if full is None:
        message = f"step {index + 1}, '{action.name}', depends on choices that its outcome does not show"
        raise ModelError([Problem("E511", message, hint="such a trace cannot be saved")])
    choices = zip(action.parameters, full[len(before) :], strict=True)
    changes = {
        v.name: show(new, v.type)
        for v, old, new in zip(system.variables, before, after, strict=True)
        if old != new and v.role == "data"
    }
    alike = _alike(system, _name(action), action.label.instance)
    return {
        "action": _name(action),
        "instance": action.label.instance,
        **({"which": alike.index(number) + 1} if len(alike) > 1 else {}),
        "choices": {p.name: show(value, p.type) for p, value in choices},
        "changes": changes,
    }


def _alike(system: TransitionSystem, name: str, instance: int) -> list[int]:
    """The numbers of the actions of a name and instance: where there are several, a saved step says which it is."""
    actions = enumerate(system.actions)
    return [number for number, action in actions if (_name(action), action.label.instance) == (name, instance)]


def _name(action: Action) -> str:
    return action.name.removesuffix(f"#{action.label.instance}")


def read(path: str | Path) -> dict[str, Any]:
    """What a file of a trace holds, its shape checked; raises `ModelError`: E902, and E501 where it is no trace."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error, "read") from None
    if len(content) > MOST_BYTES:
        raise _no_trace(path, f"it has more than {MOST_BYTES:,} bytes")
    try:
        data = json.loads(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise _no_trace(path, "it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _no_trace(path, f"no JSON: {error.msg}, line {error.lineno}, column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        raise _no_trace(path, f"no JSON that can be read: {type(error).__name__}") from None
    if wrong := _wrong_shape(data):
        raise _no_trace(path, wrong)
    found: dict[str, Any] = data
    return found


def _wrong_shape(data: Any) -> str:
    """What is not as it must be in the data of a file; empty where all is."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        return f'it does not say "format": "{FORMAT}"'
    if data.get("version") != VERSION:
        return f"it has version {str(data.get('version'))[:20]}, and this program reads version {VERSION}"
    for key, kind in (("model", str), ("file", str), ("shows", str)):
        if not isinstance(data.setdefault(key, "") if key != "model" else data.get(key), kind):
            return f"'{key}' is not a text"
    for key in ("constants", "initial"):
        if not _is_mapping_of_values(data.setdefault(key, {})):
            return f"'{key}' is not a mapping of names to values"
    if not isinstance(data.get("steps"), list):
        return "'steps' is not a list"
    data["constants"] = {name: str(value) for name, value in data["constants"].items()}
    for number, step in enumerate(data["steps"], start=1):
        if wrong := _wrong_step(step):
            return f"step {number}: {wrong}"
    loop, broken = data.setdefault("loop", None), data.setdefault("broken", None)
    if loop is not None and (not _is_whole(loop) or not 0 <= loop < max(1, len(data["steps"]))):
        return "'loop' is not the number of a step"
    if broken is not None and not (isinstance(broken, dict) and _is_mapping_of_values(broken)):
        return "'broken' is not a mapping"
    return ""


def _wrong_step(step: Any) -> str:
    if not isinstance(step, dict) or not isinstance(step.get("action"), str):
        return "there is no 'action'"
    if not _is_whole(step.setdefault("instance", 1)):
        return "'instance' is not a number"
    if step.setdefault("which", None) is not None and (not _is_whole(step["which"]) or step["which"] < 1):
        return "'which' is not a number"
    for key in ("choices", "changes"):
        if not _is_mapping_of_values(step.setdefault(key, {})):
            return f"'{key}' is not a mapping of names to values"
    return ""


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_mapping_of_values(data: Any) -> bool:
    return isinstance(data, dict) and all(isinstance(value, (str, bool, int)) for value in data.values())


def replayed(here: Exploration, data: Mapping[str, Any]) -> Exploration:
    """The exploration at the end of a saved trace, every step walked through the model as it is now.

    Raises `ModelError`: E502 for a trace of another model, E503 where the model has changed so that it is no path.
    """
    if data["model"] != here.design.name:
        message = f"the trace is of '{data['model']}', not of '{here.design.name}'"
        raise ModelError([Problem("E502", message, hint="name its model")])
    saved = data["constants"]
    if here.file and saved != dict(here.constants):
        shown = " ".join(f"--set {name}={value}" for name, value in saved.items())
        message = f"the trace was saved with other constants: {shown or 'those of the model'}"
        raise ModelError([Problem("E502", message, hint="explore the model with the same ones")])
    system, explainer = here.system, here.explainer or Explainer(here.system)
    try:
        state = state_with(system, data["initial"])
    except ModelError as error:
        raise _does_not_replay("the beginning", error.problems[0].message, error.problems[0].hint) from None
    states, actions = [state], list[int]()
    for index, step in enumerate(data["steps"], start=1):
        option = _taken(system, explainer, states[-1], step, f"step {index}")
        assert option.after is not None
        states.append(option.after)
        actions.append(option.action_number)
    trace = _complete(Trace(system, tuple(states), tuple(actions)), data)
    return replace(here, trace=trace, position=len(trace), shows=data["shows"])


def _taken(system: TransitionSystem, explainer: Explainer, state: State, step: Mapping[str, Any], where: str) -> Option:
    """The option that a saved step means; raises `ModelError`, E503."""
    alike = _alike(system, step["action"], step["instance"])
    which = step.get("which")
    named = alike if which is None else alike[which - 1 : which]
    if not named:
        shown = f"'{step['action']}' (instance {step['instance']})"
        hint = did_you_mean(step["action"], {_name(action) for action in system.actions})
        raise _does_not_replay(where, f"there is no action {shown}", hint)
    problem = None
    for option in _possible(system, state, named, step):
        wrong = _other_changes(option, step["changes"]) if isinstance(option, Option) else option.problems[0].message
        if not wrong and isinstance(option, Option):
            return option
        problem = problem or _does_not_replay(where, wrong, "")
    if problem is not None:
        raise problem
    blocked = explainer.explain(named[0], state)
    raise _does_not_replay(where, f"'{step['action']}' is not enabled", blocked.why)


def _possible(
    system: TransitionSystem, state: State, named: Sequence[int], step: Mapping[str, Any]
) -> list[Option | ModelError]:
    """The ways in which one of these actions can happen with the saved choices, or what is wrong with those."""
    narrowed = [option for option in options_in(system, state) if option.action_number in named]
    if not step["choices"]:
        return [option for option in narrowed if option.after is not None]
    found: dict[int, Option | ModelError] = {}
    for option in narrowed:
        try:
            found[option.action_number] = with_values(option, step["choices"])
        except ModelError as error:
            found[option.action_number] = error
    return list(found.values())


def _other_changes(option: Option, saved: Mapping[str, Any]) -> str:
    """What an option changes otherwise than the file says; empty where it is the same."""
    after = option.after
    assert after is not None
    now = {
        v.name: show(new, v.type)
        for v, old, new in zip(option.system.variables, option.before, after, strict=True)
        if old != new and v.role == "data"
    }
    for name in sorted(now.keys() | saved.keys()):
        if now.get(name) != (str(saved[name]) if name in saved else None):
            is_now = f"makes {name} {now[name]}" if name in now else f"leaves {name} as it is"
            was = f"made it {saved[name]}" if name in saved else "left it"
            return f"'{option.action.name}' {is_now}, and {was} when the trace was saved"
    return ""


def _complete(trace: Trace, data: Mapping[str, Any]) -> Trace:
    """The trace with its loop and the claim that it breaks, where that belongs to the model itself."""
    loop, broken = data["loop"], data["broken"]
    if loop is not None and (not trace.actions or trace.states[loop] != trace.states[-1]):
        raise _does_not_replay("the end", f"the loop does not close: it does not return to step {loop}", "")
    whole = replace(trace, loop=loop)
    if broken is None:
        return whole
    for claim in _claims(trace.system, broken):
        try:
            return replay(replace(whole, broken=claim))
        except ReplayError:
            continue
    raise _does_not_replay("the end", f"'{broken.get('name')}' is not broken ({broken.get('kind')})", "")


def _claims(system: TransitionSystem, broken: Mapping[str, Any]) -> list[Claim]:
    from ..system import DIVISION

    wanted = (broken.get("kind"), broken.get("name"))
    found = (claim for action in system.actions for claim in (*action.claims, DIVISION))
    return [claim for claim in dict.fromkeys(found) if (claim.kind, claim.name) == wanted]


def _does_not_replay(where: str, why: str, hint: str) -> ModelError:
    return ModelError([Problem("E503", f"the trace is no path of the model: {where}: {why}", hint=hint)])


def _no_trace(path: str | Path, why: str) -> ModelError:
    return ModelError([Problem("E501", f"'{path}' is not a saved trace: {why}")])


def _unreadable(path: str | Path, error: Exception, verb: str) -> ModelError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return ModelError([Problem("E902", f"cannot {verb} '{path}': {reason}")])
