"""The packaged models: found by name from any folder, as files are found by path.

They lie in one folder, the classic systems in its folder `systems`; no two have the same name.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .errors import ModelError, Problem, did_you_mean

SUFFIXES = (".yaml", ".yml", ".pnml")


def models_folder() -> Path:
    """Where the packaged models are: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "models"
    return installed if installed.is_dir() else package.parent / "models"


def models_in(folder: Path) -> tuple[Path, ...]:
    """The model files of a folder, sorted; raises `ModelError` (E901) where there are none."""
    found = tuple(sorted(_model_files(folder)))
    if not found:
        raise ModelError(
            [Problem("E901", f"there are no models in '{folder}'", hint="models are .yaml and .pnml files")]
        )
    return found


def model_names() -> tuple[str, ...]:
    """The names of the packaged models, sorted."""
    return tuple(sorted(_packaged()))


def find_model(name: str) -> Path:
    """The file that a path or the name of a packaged model means; raises `ModelError` (E901) where there is none."""
    path = Path(name)
    try:
        exists, is_folder = path.exists(), path.is_dir()
    except OSError as error:
        raise ModelError([Problem("E901", f"'{name[:100]}' is no usable path: {error.strerror}")]) from None
    if is_folder:
        raise ModelError([Problem("E901", f"'{name}' is a folder, not a model", hint=_folder_hint(path))])
    if exists:
        return path
    if not _is_path(name):
        if packaged := _packaged().get(name):
            return packaged
        hint = did_you_mean(name, model_names())
        raise ModelError([Problem("E901", f"there is no file and no packaged model '{name}'", hint=hint)])
    beside = (entry.name for entry in _model_files(path.parent))
    hint = did_you_mean(path.name, beside, otherwise=f"packaged models: {', '.join(model_names())}")
    raise ModelError([Problem("E901", f"there is no file '{name}'", hint=hint)])


def _packaged() -> dict[str, Path]:
    """The files of the packaged models by their names."""
    folder = models_folder()
    return {path.stem: path for place in (folder, folder / "systems") for path in _model_files(place)}


def _is_path(name: str) -> bool:
    return "/" in name or "\\" in name or name.endswith(SUFFIXES)


def _model_files(folder: Path) -> Iterable[Path]:
    return (path for path in folder.iterdir() if path.suffix in SUFFIXES) if folder.is_dir() else ()


def _folder_hint(folder: Path) -> str:
    return did_you_mean("", (entry.name for entry in _model_files(folder)), otherwise="name the file of a model")
