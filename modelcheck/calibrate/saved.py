"""A calibrated model as files: its text, and a file of measured times for each delay in a folder beside it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import ModelError, Problem
from ..load.write import to_text
from ..model import Delay
from ..simulate.delays import Recorded
from .matching import Timed


def save(design: Timed, path: Path) -> list[Path]:
    """Writes both; the files of times have names relative to the model's. Raises `ModelError` (E902)."""
    folder = path.with_suffix("").name + ".times"
    times: dict[str, Recorded] = {}
    placed = _placed(design, folder, times)
    text = to_text(placed)
    files = [path, *(path.parent / name for name in times)]
    try:
        path.write_text(text, encoding="utf-8")
        if times:
            (path.parent / folder).mkdir(exist_ok=True)
        for name, recorded in times.items():
            lines = "".join(f"{float(value)!r}\n" for value in recorded.values)
            (path.parent / name).write_text(f"seconds\n{lines}", encoding="utf-8")
    except OSError as error:
        raise ModelError([Problem("E902", f"cannot write '{path}': {error.strerror or error}")]) from None
    return files


def _placed(part: Any, folder: str, times: dict[str, Recorded]) -> Any:
    """A part of a model whose recorded times are in files of a folder; gathers them by these files' names."""
    if isinstance(part, Delay):
        if part.parts:
            return replace(part, parts=tuple(_placed(each, folder, times) for each in part.parts))
        recorded = part.parameters.get("file")
        if not isinstance(recorded, Recorded):
            return part
        name = f"{folder}/{Path(recorded).name}"
        number = 1
        while name in times and times[name].values != recorded.values:
            number += 1
            name = f"{folder}/{Path(recorded).stem}_{number}.csv"
        times[name] = recorded
        return replace(part, parameters={**part.parameters, "file": name})
    if is_dataclass(part) and not isinstance(part, type):
        found = {field.name: getattr(part, field.name) for field in fields(part)}
        changed = {name: _placed(value, folder, times) for name, value in found.items()}
        return replace(part, **{name: value for name, value in changed.items() if value is not found[name]})
    if isinstance(part, dict):
        new = {key: _placed(value, folder, times) for key, value in part.items()}
        return new if any(new[key] is not part[key] for key in part) else part
    return part
