"""An exploration as text, for terminals and pipes: where one stands, what can happen, what cannot and why."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from ..report.story import Line, story, told_actions
from ..report.text import render_story
from .beginning import open_variables
from .blocked import Blocked, Row, rows, told
from .exploration import Exploration
from .options import Option
from .view import data_that_matters, sections, written

PAGE, MOST_DATA, WIDTH, MOST_IN_ROW = 20, 24, 100, 4
BOLD, DIM, RED, GREEN, YELLOW = "1", "2", "31", "32", "33"

Paint = Callable[[str, str], str]


def painter(color: bool) -> Paint:
    """What puts a text into a style of the terminal, or leaves it as it is."""
    return (lambda text, style: f"\033[{style}m{text}\033[0m" if text else text) if color else lambda text, _: text


PLAIN = painter(False)


def screen_text(here: Exploration, offset: int = 0, page: int = PAGE, width: int = WIDTH, paint: Paint = PLAIN) -> str:
    """Where one stands and what can happen."""
    return "\n".join(
        [
            heading(here, paint, width),
            *state_lines(here, width=width, paint=paint),
            "",
            *option_lines(here, offset, page, width, paint),
        ]
    )


def wrapped(text: str, width: int, indent: str = "  ") -> str:
    """A text in lines of at most so many columns, indented."""
    found = textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
    return "\n".join(found)


def heading(here: Exploration, paint: Paint = PLAIN, width: int = WIDTH) -> str:
    """Which model, and how far."""
    ahead = len(here.trace) - here.position
    place = f"step {here.position}" + (f" of {len(here.trace)}" if ahead else "")
    notes = [f"{ahead} ahead: forward"] if ahead else []
    if not here.position and open_variables(here.system):
        notes.append("other values: begin")
    loop = here.trace.loop
    if loop is not None and not ahead:
        notes.append(f"from here it repeats from step {loop} on")
    text = f"{here.design.name}, {place}" + (f" ({'; '.join(notes)})" if notes else "")
    if here.position:
        happened = last_step(here)
        text += f": {happened}" if len(text) + len(happened) + 2 <= width else f"\n{wrapped(happened, width)}"
    text = text.replace(here.design.name, paint(here.design.name, BOLD), 1)
    if here.shows:
        text += "\n" + paint(wrapped(f"on the trace of {here.shows}", width), DIM)
    return text


def last_step(here: Exploration) -> str:
    """What has just happened, and what it changed."""
    place = here.position - 1
    line = Option(here.system, here.trace.actions[place], here.trace.states[place], here.values).line
    who = " ".join(part for part in (f"#{line.instance}" if line.instance else "", line.actor, line.text) if part)
    return f"{who} ({', '.join(map(str, line.changes))})" if line.changes else who


def state_lines(here: Exploration, most: int = MOST_DATA, width: int = WIDTH, paint: Paint = PLAIN) -> list[str]:
    """The state: data, flows, who is at work, queues; at most so many variables."""
    found = [(title, [", ".join(each.replace(" ", "\u00a0") for each in data)]) for title, data in data_of(here, most)]
    found += [(section.title, list(section.lines)) for section in sections(here.parts, here.values)]
    titles = max((len(title) for title, _ in found), default=0)
    lines = []
    for title, texts in found:
        for index, text in enumerate(texts):
            indent = f"  {(title if not index else ''):<{titles}}  "
            pieces = textwrap.wrap(text, max(40, width - len(indent)), break_on_hyphens=False) or [""]
            lines.append(paint(indent, DIM) + pieces[0])
            lines += [" " * len(indent) + more for more in pieces[1:]]
    return [line.replace("\u00a0", " ") for line in lines]


def data_of(here: Exploration, most: int = MOST_DATA) -> list[tuple[str, list[str]]]:
    """The declared variables with their values, those of each instance together; at most so many."""
    variables, left = data_that_matters(here.system, here.values, here.trace.states[0], most)
    found: dict[str, list[str]] = {}
    for variable, text in zip(variables, written(here.system, here.values, variables), strict=True):
        own = f"#{variable.instance}"
        title = f"data {own}" if variable.instance and variable.name.endswith(own) else "data"
        found.setdefault(title, []).append(text.replace(f"{own} = ", " = ") if title != "data" else text)
    if left:
        found.setdefault("data", []).append(f"and {left:,} more (state all)")
    return list(found.items())


def option_lines(here: Exploration, offset: int, page: int, width: int, paint: Paint = PLAIN) -> list[str]:
    """A page of the numbered options; what they break; how many actions are not enabled."""
    shown = here.options[offset : offset + page]
    told_ones = [line for n, option in enumerate(shown, offset + 1) for line in told_option(n, option, here)]
    lines = render_story(told_ones, width)
    lines = [paint(line, RED) if line.lstrip().startswith("✗") else line for line in lines]
    rest = len(here.options) - offset - len(shown)
    if rest > 0 or offset:
        count = f"{offset + 1:,} to {offset + len(shown):,} of {len(here.options):,}"
        lines.append(paint(f"  {count}" + ("; 'more' shows more, 'find WORDS' some" if rest > 0 else ""), DIM))
    return [*lines, *(paint(line, style) for line, style in status_lines(here))]


def status_lines(here: Exploration) -> list[tuple[str, str]]:
    """Whether this is an end, and which; otherwise how much is not enabled."""
    blocked = len(here.system.actions) - len({option.action_number for option in here.options})
    why = f"  {blocked:,} of {len(here.system.actions):,} actions are not enabled: 'why' tells why"
    match here.status:
        case "path ended":
            return [(f"  {here.end}", RED)]
        case "finished" if not here.options:
            return [("  finished: nothing is left to do", GREEN)]
        case "finished":
            return [("  finished, though something can still happen", GREEN), *([(why, DIM)] if blocked else [])]
        case "deadlock":
            return [("  deadlock: nothing is enabled, and it is not finished ('why' tells why)", RED)]
    return [(why, DIM)] if blocked else []


def told_option(number: int, option: Option, here: Exploration) -> Iterable[Line]:
    """An option as lines of a story: what it does, whether it is next on the path, and which claims it breaks."""
    line = replace(option.line, number=number, changes=option.changes)
    if option.needs:
        names = " ".join(f"{variable.name.removesuffix(chr(39))}=..." for variable in option.needs)
        line = replace(line, text=f"{line.text} (choose {number} {names})")
    elif option.chosen:
        line = replace(line, text=f"{line.text} [{option.name.partition(' with ')[2]}]")
    if here.is_next(option):
        line = replace(line, text=f"{line.text} (next on the path)")
    yield line
    for claim in dict.fromkeys(option.breaks):
        yield Line("broken", f"this breaks: {claim.message or f'{claim.kind} of {claim.name}'}")


def why_rows(here: Exploration) -> list[Row]:
    """What is not enabled, in as few lines as tell it."""
    several = len({action.label.instance for action in here.system.actions}) > 1
    return rows(here.blocked, [option.action for option in here.options], several)


def why_text(here: Exploration, name: str = "", width: int = WIDTH, most: int = 40) -> str:
    """Why what is not enabled is not."""
    if name:
        return _why_one(here, name, width)
    found = why_rows(here)
    if not found:
        return "  everything is enabled"
    named = [named_row(row) for row in found[:most]]
    column = min(max(map(len, named)), width // 3)
    lines = []
    for text, row in zip(named, found, strict=False):
        lines += _in_columns(text, row.why, column, width)
    if len(found) > most:
        lines.append(f"  and {len(found) - most:,} more: 'why NAME' tells about one")
    return "\n".join(lines)


def named_row(row: Row) -> str:
    """Whose reason a row tells."""
    names = list(row.names)
    if len(names) > MOST_IN_ROW + 1:
        names[MOST_IN_ROW:] = [f"{len(names) - MOST_IN_ROW} more"]
    text = ("; " if any("," in name for name in names) else ", ").join(names)
    return f"#{row.instance} {text}" if row.instance else text


def _in_columns(left: str, right: str, column: int, width: int) -> list[str]:
    names = textwrap.wrap(left, column, break_on_hyphens=False) or [""]
    texts = textwrap.wrap(right, max(30, width - column - 4), break_on_hyphens=False) or [""]
    count = max(len(names), len(texts))
    names += [""] * (count - len(names))
    texts += [""] * (count - len(texts))
    return [f"  {name:<{column}}  {text}".rstrip() for name, text in zip(names, texts, strict=True)]


def _why_one(here: Exploration, name: str, width: int) -> str:
    possible, blocked = here.named(name)
    lines = [f"  {option.name} is enabled: {here.options.index(option) + 1}" for option in possible]
    for each in blocked[:PAGE]:
        text = f"  {each.action.name}: {told(each.facts, most=20)}"
        lines += textwrap.wrap(text, width, subsequent_indent="      ", break_on_hyphens=False)
        lines += _what_helps(here, each, width)
    if len(blocked) > PAGE:
        lines.append(f"  and {len(blocked) - PAGE:,} more")
    if not lines:
        here.find(name)  # says that there is no such action
    return "\n".join(lines)


def _what_helps(here: Exploration, blocked: Blocked, width: int) -> list[str]:
    """Which options lead to where a blocked action can happen, or make a part of what it waits for true."""
    found = []
    for numbers, words in zip(here.helps(blocked), ("makes it possible", "makes a part of that true"), strict=True):
        if numbers:
            shown = ", ".join(map(str, numbers[:PAGE])) + (" and more" if len(numbers) > PAGE else "")
            plural = words.replace("makes", "make") if len(numbers) > 1 else words
            found.append(wrapped(f"option {shown} {words}" if len(numbers) == 1 else f"options {shown} {plural}", width,
                                 "      "))  # fmt: skip
    return found


def story_text(here: Exploration, width: int = WIDTH) -> str:
    """What has happened so far, and at the end of a found trace what that shows."""
    path = here.path
    lines = story(path) if told_actions(path) or path.loop is not None else []
    if here.shows and here.position == len(here.trace):
        lines.append(Line("reached" if ": proved: " in here.shows else "broken", here.shows))
    return "\n".join(render_story(lines, width)) if lines else "  nothing has happened yet"


def property_lines(here: Exploration, paint: Paint = PLAIN) -> list[str]:
    """What is true of the design's properties here."""
    found = here.properties
    if not found:
        return ["  the model has no properties of its own"]
    column = min(40, max(len(each.name) for each in found))
    return [_property_line(each.name, each.word, each.text, each.holds, column, paint) for each in found]


def _property_line(name: str, word: str, text: str, holds: bool | None, column: int, paint: Paint) -> str:
    if holds is None:
        return f"    {name:<{column}}  {paint('is about paths', DIM)} ({word} {text})"
    reaching = word in ("reachable", "possible")
    words = ("is reached here" if holds else "is not reached here") if reaching else ("holds" if holds else "is broken")
    style = GREEN if holds else DIM if reaching else RED
    mark = "✓" if holds else " " if reaching else "✗"
    return f"  {paint(mark, style)} {name:<{column}}  {paint(words, style)} ({word} {text})"


def value_text(value: object) -> str:
    """The value of a formula as it is written in a model; of several instances one a line."""
    if isinstance(value, dict):
        return "\n".join(f"  #{instance}: {_written(each)}" for instance, each in value.items())
    return f"  {_written(value)}"


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def initial_lines(texts: Sequence[str], more: bool) -> list[str]:
    """Initial states, numbered."""
    return [*(f"  {number:>3}  {text}" for number, text in enumerate(texts, 1)), *(["       ..."] if more else [])]
