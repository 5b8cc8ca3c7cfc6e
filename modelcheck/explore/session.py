"""The loop in which a design is explored in a terminal, or by a script: a line at a time, and what it said."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TextIO

from ..errors import ModelError, Problem, did_you_mean
from .blocked import short_name
from .commands import BY_NAME, Command, choose
from .exploration import Exploration
from .screen import PLAIN, Paint, painter, screen_text, wrapped

PROMPT = "> "
WIDEST, MOST_ACTIONS = 140, 2000
REPEATED = frozenset({"back", "forward", "more", "random"})


@dataclass
class Session:
    """What a session knows: where it is, where it was (`past` and, undone, `ahead`), and which page is shown."""

    here: Exploration
    say: Callable[[str], None] = print
    paint: Paint = PLAIN
    width: int = 100
    past: list[Exploration] = field(default_factory=list)
    ahead: list[Exploration] = field(default_factory=list)
    offset: int = 0
    last: str = ""
    ended: bool = False
    failed: bool = False

    def move(self, there: Exploration, otherwise: str = "this is where you are") -> None:
        """Goes to another exploration, so that `undo` comes back, and shows it; says why where it is the same."""
        if there == self.here:
            self.say(f"  {otherwise}")
            return
        self.past.append(self.here)
        self.ahead.clear()
        self.show(there)

    def show(self, there: Exploration) -> None:
        """Shows an exploration as the present one."""
        self.here, self.offset = there, 0
        self.say(screen_text(there, 0, width=self.width, paint=self.paint))

    def obey(self, line: str) -> None:
        """Does what a line says. What is wrong with it is said, and counts as failed; Ctrl-C cancels it."""
        text = line.strip()
        if not text:
            text = self.of_enter()
        word, _, rest = text.partition(" ")
        if text.startswith("?"):
            word, rest = "?", text[1:]
        try:
            self._command(word, text, rest)
        except ModelError as error:
            self.failed = True
            for problem in error.problems:
                self.say("\n".join(wrapped(each, self.width) for each in problem.render().splitlines()))
        except KeyboardInterrupt:
            self.failed = True
            self.say("  cancelled")

    def _command(self, word: str, text: str, rest: str) -> None:
        command: Command | None = BY_NAME.get(word)
        if command is not None:
            self.last = text if command.names[0] in REPEATED else ""
            command.run(self, rest.strip() if word == "goto" else unquoted(rest))
            return
        self.last = ""
        try:
            choose(self, unquoted(text))
        except ModelError as error:
            problem = error.problems[0]
            if problem.code != "E505" or not problem.message.startswith("there is no action"):
                raise
            actions = self.here.system.actions[:MOST_ACTIONS]
            known = {*BY_NAME, *(action.label.step for action in actions), *(short_name(each) for each in actions)}
            hint = did_you_mean(text, known - {""}, otherwise="'help' lists the commands")
            raise ModelError([Problem("E510", f"'{text}' is no command and no action here", hint=hint)]) from None

    def of_enter(self) -> str:
        """What an empty line means: the same again, the next step ahead, the only thing that can happen, or to show."""
        if self.last:
            return self.last
        if self.here.position < len(self.here.trace):
            return "forward"
        return "1" if len(self.here.options) == 1 else "show"


def unquoted(text: str) -> str:
    """A text without quotes around the whole of it."""
    text = text.strip()
    around = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" and text[0] not in text[1:-1]
    return text[1:-1] if around else text


def run_script(session: Session, lines: Iterable[str]) -> bool:
    """Obeys lines from a script or a pipe, echoing each; says whether all of them worked."""
    session.show(session.here)
    for line in lines:
        text = line.strip()
        if text.startswith("# ") or text == "#":
            continue
        session.say(f"\n{PROMPT}{text}".rstrip())
        session.obey(text)
        if session.ended:
            break
    return not session.failed


def run_terminal(session: Session) -> None:
    """Obeys what is typed until `quit` or Ctrl-D; Ctrl-C cancels a command or clears the line."""
    _complete_names(session)
    session.show(session.here)
    session.say("  a number lets something happen; 'help' lists what else there is")
    while not session.ended:
        try:
            line = input(PROMPT)
            session.width = terminal_width()
            session.obey(line)
        except KeyboardInterrupt:
            session.say("")
        except EOFError:
            session.say("")
            return


def terminal_width() -> int:
    """How many columns there are to write in."""
    return min(WIDEST, max(60, shutil.get_terminal_size((100, 24)).columns))


def session_of(here: Exploration, color: bool, stream: TextIO | None = None) -> Session:
    """A session that writes to a stream (standard output)."""
    out = stream or sys.stdout

    def say(text: str) -> None:
        print(text, file=out, flush=True)

    width = terminal_width() if out.isatty() else 100
    return Session(here, say, painter(color), width)


def _complete_names(session: Session) -> None:
    """The tab key completes commands, and the names of what can happen; not every Python has readline."""
    with suppress(ImportError):
        import readline

        def matches(text: str) -> Iterator[str]:
            known = [*BY_NAME, *(option.action.label.step for option in session.here.options)]
            return (name for name in dict.fromkeys(known) if name and name.startswith(text))

        def complete(text: str, index: int) -> str | None:
            found = list(matches(text))
            return found[index] if index < len(found) else None

        readline.set_completer(complete)
        readline.parse_and_bind("tab: complete")
