"""Files of models: which there are, and reading them within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gridgrad_worker.models.model_settings import MAX_SETTINGS_BYTES
from gridgrad_worker.registered.registration import FunctionError

__all__ = ["MAX_MODEL_BYTES", "expanded", "inside", "is_model", "read_bounded", "read_text"]

MAX_MODEL_BYTES = 1 << 30
_KINDS = (".pt2", ".onnx", ".toml")


def is_model(entry: str) -> bool:
    """Whether an entry of --functions is a model and no module of functions."""
    return ":" in entry or "/" in entry or entry.endswith(_KINDS)


def expanded(entry: str) -> Iterator[str]:
    """The models that an entry stands for: those of a directory in order of names, or itself.

    Raises:
        FunctionError: the directory has none.
    """
    folder = Path(entry)
    if not folder.is_dir():
        yield entry
        return
    files = sorted(each for each in folder.iterdir() if each.suffix in _KINDS and each.is_file())
    models = {each.with_suffix("") for each in files if each.suffix != ".toml"}
    found = [each for each in files if each.suffix != ".toml" or each.with_suffix("") not in models]
    if not found:
        raise FunctionError("no model there; put files that end in .pt2, .onnx or .toml into it")
    yield from map(str, found)


def inside(folder: Path, name: str) -> Path:
    """A file that settings name, which must lie in their folder.

    Raises:
        FunctionError: it lies elsewhere, or is not there.
    """
    file = (folder / name).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise FunctionError(f"state: {name!r} lies outside of {folder.name}; put it into the folder of the settings")
    if not file.is_file():
        raise FunctionError(f"state: there is no {name!r} in {folder.name}; name the file with the weights")
    return file


def read_bounded(file: Path, most: int = -1) -> bytes:
    """The bytes of a file, at most `most` of them; all by default.

    Raises:
        FunctionError: it can't be read, or is larger than any model is taken to be.
    """
    try:
        size = file.stat().st_size
        if size > MAX_MODEL_BYTES:
            raise FunctionError(f"{file.name} has {size} bytes; models of at most {MAX_MODEL_BYTES} are served")
        with file.open("rb") as opened:
            return opened.read(most)
    except OSError as error:
        raise FunctionError(f"{file.name} can't be read: {error.strerror}; let the server's user read it") from None


def read_text(file: Path) -> str:
    """The text of a file of settings.

    Raises:
        FunctionError: it can't be read, or is no text.
    """
    try:
        return read_bounded(file, MAX_SETTINGS_BYTES + 1).decode("utf-8")
    except UnicodeDecodeError as error:
        raise FunctionError(f"{file.name}: byte {error.start} is no UTF-8; save the file as UTF-8") from None
