"""What can be typed in a session, each command with its words of help."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import ModelError, Problem, did_you_mean
from .beginning import first_states, open_variables
from .options import find_option
from .saved import read, replayed
from .screen import (
    PAGE,
    initial_lines,
    option_lines,
    property_lines,
    state_lines,
    story_text,
    told_option,
    value_text,
    why_text,
)
from .view import written

if TYPE_CHECKING:
    from .session import Session

MOST_INITIAL_SHOWN, MOST_STEPS = 20, 10_000
ALL = 1_000_000

_VALUE = re.compile(r"(?P<name>[^\s=]+)\s*=\s*(?P<value>\"[^\"]*\"|'[^']*'|\S+)")


@dataclass(frozen=True)
class Command:
    """A command: its names (the first is the full one), what follows it, what it does, in words and in fact."""

    names: tuple[str, ...]
    follows: str
    help: str
    run: Callable[[Session, str], None]


def choose(session: Session, text: str) -> None:
    """Lets something happen: a number or words of its name, then values for what the environment chooses."""
    values = {found["name"]: found["value"].strip("\"'") for found in _VALUE.finditer(text)}
    which = _VALUE.sub("", text).strip() if _has_values(session, text) else text.strip()
    if not which:
        raise _usage("choose", "say which: its number, or words of its name")
    session.move(session.here.choose(which, **(values if _has_values(session, text) else {})))


def _has_values(session: Session, text: str) -> bool:
    """Whether `a = b` in a text gives values (and is not part of a name)."""
    return bool(_VALUE.search(text)) and not find_option(session.here.options, text)


def _number(text: str, otherwise: int, command: str) -> int:
    if not text:
        return otherwise
    if not text.isdecimal() or len(text) > 9:
        raise _usage(command, f"'{text[:40]}' is not a number")
    return int(text)


def _usage(command: str, why: str) -> ModelError:
    known = BY_NAME[command]
    return ModelError([Problem("E510", f"{command}: {why}", hint=f"write: {known.names[0]} {known.follows}".rstrip())])


def _back(session: Session, text: str) -> None:
    session.move(session.here.back(_number(text, 1, "back")), "this is the beginning")


def _forward(session: Session, text: str) -> None:
    session.move(session.here.forward(_number(text, 1, "forward")), "nothing lies ahead")


def _step(session: Session, text: str) -> None:
    session.move(session.here.at(_number(text, 0, "step")))


def _restart(session: Session, _: str) -> None:
    session.move(session.here.restart(), "this is the beginning")


def _begin(session: Session, text: str) -> None:
    values = {found["name"]: found["value"].strip("\"'") for found in _VALUE.finditer(text)}
    if values:
        session.move(session.here.begin(**values))
    elif text:
        session.move(session.here.begin(_number(text, 1, "begin")))
    else:
        _list_beginnings(session)


def _list_beginnings(session: Session) -> None:
    system = session.here.system
    states = first_states(system, MOST_INITIAL_SHOWN + 1)
    variables = open_variables(system)
    if len(states) == 1 and not variables:
        session.say("  there is one initial state only")
        return
    texts = [", ".join(written(system, state, variables)) for state in states[:MOST_INITIAL_SHOWN]]
    session.say("\n".join(initial_lines(texts, len(states) > MOST_INITIAL_SHOWN)))
    session.say(f"  'begin 2' or 'begin {variables[0].name if variables else 'NAME'}=...' begins with other values")


def _goto(session: Session, text: str) -> None:
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    if not words:
        raise _usage("goto", "say which property")
    properties = session.here.design.properties
    step = int(words.pop()) if len(words) > 1 and words[-1].isdecimal() and text not in properties else None
    session.move(session.here.goto(" ".join(words), step))


def _until(session: Session, text: str) -> None:
    if not text:
        raise _usage("until", "say until what holds")
    there = session.here.until(text)
    if there is session.here:
        session.say("  it holds here already")
    else:
        session.move(there)


def _reach(session: Session, text: str) -> None:
    if not text:
        raise _usage("reach", "say what is to be possible")
    session.move(session.here.until_enabled(text), "it can happen here already")


def _random(session: Session, text: str) -> None:
    numbers = text.split()
    steps, seed = (_number(each, 0, "random") for each in [*numbers, "10", "1"][:2]) if len(numbers) != 1 else (
        _number(numbers[0], 10, "random"), 1
    )  # fmt: skip
    if steps > MOST_STEPS:
        raise _usage("random", f"at most {MOST_STEPS:,} steps at a time")
    session.move(session.here.random(steps, seed), "nothing can happen here")


def _evaluate(session: Session, text: str) -> None:
    if not text.strip():
        raise _usage("?", "say what to evaluate")
    session.say(value_text(session.here.evaluate(text.strip())))


def _why(session: Session, text: str) -> None:
    session.say(why_text(session.here, text, session.width))


def _state(session: Session, text: str) -> None:
    if text in ("", "all"):
        most = ALL if text else 24
        session.say("\n".join(state_lines(session.here, most, session.width, session.paint)) or "  no variables")
        return
    found = [variable for variable in session.here.system.variables if text in variable.name]
    if not found:
        hint = did_you_mean(text, session.here.system.positions)
        raise ModelError([Problem("E510", f"there is no variable '{text}'", hint=hint)])
    lines = dict.fromkeys(written(session.here.system, session.here.values, found))
    session.say("\n".join(f"  {each}" for each in lines))


def _properties(session: Session, _: str) -> None:
    session.say("\n".join(property_lines(session.here, session.paint)))


def _story(session: Session, _: str) -> None:
    session.say(story_text(session.here, session.width))


def _show(session: Session, _: str) -> None:
    session.show(session.here)


def _more(session: Session, _: str) -> None:
    if session.offset + PAGE >= len(session.here.options):
        session.say("  that was all")
        session.offset = -PAGE
        return
    session.offset += PAGE
    session.say("\n".join(option_lines(session.here, session.offset, PAGE, session.width, session.paint)))


def _find(session: Session, text: str) -> None:
    from ..report.text import render_story

    found = find_option(session.here.options, text)
    if not found:
        raise ModelError(
            [Problem("E505", f"nothing that can happen here is called '{text}'", hint="'why NAME' tells why")]
        )
    numbers = {id(option): number for number, option in enumerate(session.here.options, start=1)}
    shown = [line for option in found[:PAGE] for line in told_option(numbers[id(option)], option, session.here)]
    session.say("\n".join(render_story(shown, session.width)))
    if len(found) > PAGE:
        session.say(f"  and {len(found) - PAGE:,} more")


def _save(session: Session, text: str) -> None:
    if not text:
        raise _usage("save", "say where")
    session.here.save(text)
    session.say(f"  saved {session.here.position} {'step' if session.here.position == 1 else 'steps'} to {text}")


def _load(session: Session, text: str) -> None:
    if not text:
        raise _usage("load", "say which file")
    session.move(replayed(session.here, read(text)))


def _undo(session: Session, _: str) -> None:
    if not session.past:
        session.say("  nothing to undo")
        return
    session.ahead.append(session.here)
    session.show(session.past.pop())


def _redo(session: Session, _: str) -> None:
    if not session.ahead:
        session.say("  nothing to do again")
        return
    session.past.append(session.here)
    session.show(session.ahead.pop())


def _quit(session: Session, _: str) -> None:
    session.ended = True


def _help(session: Session, text: str) -> None:
    if text:
        known = BY_NAME.get(text)
        if known is None:
            raise ModelError([Problem("E510", f"there is no command '{text}'", hint=did_you_mean(text, BY_NAME))])
        shown: list[Command] = [known]
    else:
        shown = list(COMMANDS)
    heads = [f"{', '.join(command.names)} {command.follows}".rstrip() for command in shown]
    column = max(map(len, heads))
    lines = [f"  {head:<{column}}  {command.help}" for head, command in zip(heads, shown, strict=True)]
    if not text:
        lines.insert(0, f"  {'NUMBER or NAME':<{column}}  lets that happen")
        lines.append(
            f"  {'(an empty line)':<{column}}  the next step ahead, the only thing that can happen, or the same again"
        )
    session.say("\n".join(lines))


COMMANDS = (
    Command(
        ("choose", "c"), "NUMBER [NAME=VALUE ...]", "lets that happen, with values that the environment chooses", choose
    ),
    Command(("why",), "[NAME]", "why something cannot happen: the part of its guard that is false", _why),
    Command(("back", "b"), "[N]", "N steps back", _back),
    Command(("forward", "f"), "[N]", "N steps forward again", _forward),
    Command(("step",), "N", "stand after step N of the path", _step),
    Command(("restart",), "", "back to the beginning", _restart),
    Command(("begin",), "[N or NAME=VALUE ...]", "the initial states, or begin in another one", _begin),
    Command(("until",), "FORMULA", "a shortest way to where a formula holds", _until),
    Command(("reach",), "NAME", "a shortest way to where something can happen", _reach),
    Command(("random",), "[N [SEED]]", "N steps at random (10, seed 1)", _random),
    Command(("goto",), "PROPERTY [STEP]", "along the counterexample or witness of a property", _goto),
    Command(("?", "evaluate"), "FORMULA", "the value of a formula here", _evaluate),
    Command(("state", "s"), "[all or NAME]", "the state", _state),
    Command(("properties", "p"), "", "which properties hold here", _properties),
    Command(("story",), "", "what has happened so far", _story),
    Command(("show", "l"), "", "where you are and what can happen", _show),
    Command(("more",), "", "the next page of what can happen", _more),
    Command(("find",), "WORDS", "what can happen that has these words", _find),
    Command(("save",), "FILE", "write the path up to here as a trace", _save),
    Command(("load",), "FILE", "replay a saved trace", _load),
    Command(("undo", "u"), "", "undo the last move, whatever it was", _undo),
    Command(("redo",), "", "do again what was undone", _redo),
    Command(("help", "h"), "[COMMAND]", "this", _help),
    Command(("quit", "q", "exit"), "", "leave (also Ctrl-D)", _quit),
)
BY_NAME = {name: command for command in COMMANDS for name in command.names}
