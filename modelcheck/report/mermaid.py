"""A trace as a sequence diagram, in Mermaid's text (drawn by GitHub, GitLab, Jupyter and many editors)."""

from __future__ import annotations

import re

from ..system import Label
from ..trace import Trace
from .story import Line, receiver_of, story, told_actions, unrolled


def sequence_diagram(trace: Trace) -> str:
    """The Mermaid text of a trace's story: calls and replies, messages, and notes of what changed."""
    trace = unrolled(trace)
    labels = [trace.system.actions[number].label for number in told_actions(trace)]
    names: dict[str, str] = {}
    body: list[str] = []
    open_loop = False
    for line in story(trace):
        if line.kind == "loop":
            body.append("  loop for ever")
            open_loop = True
        elif line.kind == "step":
            body += [f"  {row}" for row in _rows(line, [labels[index] for index in line.actions], names)]
    if open_loop:
        body.append("  end")
    if trace.broken is not None and names:
        message = escape(trace.broken.message or trace.broken.name)
        body.append(f"  Note over {next(iter(names.values()))}: broken: {message}")
    declared = [f"  participant {alias} as {escape(name)}" for name, alias in names.items()]
    return "\n".join(["sequenceDiagram", *declared, *body]) + "\n"


def _rows(line: Line, labels: list[Label], names: dict[str, str]) -> list[str]:
    """The arrows and notes of one line."""
    first, last = labels[0], labels[-1]
    who = f" #{line.instance}" if line.instance else ""
    actor = _alias(last.actor or "system", names)
    rows = []
    if last.target and last.target != last.actor and last.step:
        target = _alias(last.target, names)
        undo = "undo " if last.phase.startswith("undo") else ""
        if first.phase in ("start", "undo start"):
            rows.append(f"{actor}->>{target}: {escape(undo + last.step + who)}")
        if last.phase in ("finish", "undo finish"):
            reply = "-->>" if last.outcome in ("", "ok") else "--x"
            rows.append(f"{target}{reply}{actor}: {escape(last.outcome or 'ok')}{who}")
    else:
        receivers = dict.fromkeys(receiver_of(queue) for queue in last.puts)
        if last.phase != "publish" or not receivers:
            deed = line.text.partition(", publishes ")[0] if receivers else line.text
            rows.append(f"Note over {actor}: {escape(deed + who)}")
        events = escape(", ".join(last.publishes) + who)
        rows += [f"{actor}->>{_alias(receiver, names)}: {events}" for receiver in receivers]
    if line.changes:
        rows.append(f"Note over {actor}: {escape(', '.join(str(change) for change in line.changes))}")
    return rows


def _alias(name: str, names: dict[str, str]) -> str:
    return names.setdefault(name, f"p{len(names) + 1}")


def escape(text: object) -> str:
    """Text in which Mermaid finds nothing of its own."""
    return re.sub(r'["#;<>&\n]', lambda match: f"#{ord(match.group())};", str(text))
