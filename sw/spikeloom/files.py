"""Files are data: arrays and JSON come in without pickle, and go out whole or not at all.

Every writer makes a temporary file beside its target and renames it, so that an interrupted command
leaves either the old file or the new one.
"""

from __future__ import annotations

import io
import json
import os
import tempfile
import tokenize
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from spikeloom.errors import SpikeLoomError

Array = npt.NDArray[np.generic]


def existing(path: Path, what: str) -> Path:
    """The path itself. Raises SpikeLoomError unless it is a file that can be read."""
    if path.is_dir():
        raise SpikeLoomError(f"{path}: expected {what}, found a folder")
    if not path.exists():
        raise SpikeLoomError(f"{path}: expected {what}, found no such file")
    if not os.access(path, os.R_OK):
        raise SpikeLoomError(f"{path}: expected {what}, found a file that may not be read")
    return path


def folder_to_write(text: str) -> Path:
    """The folder of that name, which need not be there yet.

    Raises SpikeLoomError for no name, for the root of the file system, and where a file is in the
    way.
    """
    path = Path(text)
    real = Path(os.path.realpath(path))
    if not text.strip() or real == real.parent:
        raise SpikeLoomError(
            f"--output: expected a folder of its own to write, e.g. build/mine, found {text!r}"
        )
    nearest = next(place for place in (path, *path.parents) if os.path.lexists(place))
    if not nearest.is_dir():
        raise SpikeLoomError(f"{path}: expected a folder to write, but {nearest} is not a folder")
    return path


def file_to_write(text: str) -> Path:
    """The file of that name, which need not be there yet. Raises SpikeLoomError for no name, and
    where a folder is in the way.
    """
    if not text.strip():
        raise SpikeLoomError(f"--output: expected the name of a file to write, found {text!r}")
    if Path(text).is_dir():
        raise SpikeLoomError(f"{text}: expected a file to write, found a folder")
    return Path(text)


def load_array(path: Path, what: str = "an array (.npy)") -> Array:
    """One array from a ``.npy`` file.

    Raises SpikeLoomError on a missing or truncated file, another format, or an array of Python
    objects (pickle).
    """
    existing(path, what)
    try:
        with path.open("rb") as stream:
            if stream.read(2) == b"PK":
                raise SpikeLoomError(
                    f"{path}: expected {what}, found an archive of several arrays; save one with"
                    " numpy.save"
                )
            stream.seek(0)
            return cast(Array, np.lib.format.read_array(stream, allow_pickle=False))  # type: ignore[no-untyped-call]
    except (ValueError, EOFError, OSError, SyntaxError, tokenize.TokenError, MemoryError) as error:
        raise SpikeLoomError(
            f"{path}: expected {what}, found a file that numpy cannot read without pickle"
            f" ({first_line(error)})"
        ) from error


def load_json(path: Path, what: str) -> Any:
    """Parsed JSON. Raises SpikeLoomError on a missing or malformed file."""
    existing(path, what)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SpikeLoomError(
            f"{path}: expected {what}, found broken JSON ({first_line(error)})"
        ) from error


def load_schema(
    path: Path, what: str, schema: int, again: str, *, without: int | None = None
) -> dict[str, Any]:
    """Parsed JSON of a file that counts its formats under ``schema``.

    ``without``: the format of a file that does not say. Raises SpikeLoomError on a missing or
    malformed file, and on one of another format, which ``again`` says how to replace, as "run
    'spikeloom sim' again".
    """
    data = load_json(path, what)
    if not isinstance(data, dict):
        raise SpikeLoomError(f"{path}: expected {what}, found something else; {again}")
    found = data.get("schema", without)
    if found != schema:
        raise SpikeLoomError(
            f"{path}: expected {what} of schema {schema}, found {found or 'none'}; {again}"
        )
    return data


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A binary file that becomes ``path`` when the block ends well, and vanishes when it does not.

    Raises SpikeLoomError if the folder cannot be made or written.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as stream:
            yield cast(BinaryIO, stream)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise SpikeLoomError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)


def save_array(path: Path, array: Array) -> None:
    """Write a ``.npy`` file."""
    with replacing(path) as stream:
        np.save(stream, array, allow_pickle=False)


def npz_bytes(arrays: Mapping[str, Array]) -> bytes:
    """Arrays as an .npz archive that is the same bytes on every run."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(arrays):
            array = io.BytesIO()
            np.lib.format.write_array(
                array, np.ascontiguousarray(arrays[name]), version=(1, 0), allow_pickle=False
            )  # type: ignore[no-untyped-call]
            target.writestr(
                zipfile.ZipInfo(f"{name}.npy"), array.getvalue(), zipfile.ZIP_DEFLATED, 6
            )
    return archive.getvalue()


def save_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write a ``.npz`` file, the same bytes for the same arrays."""
    with replacing(path) as stream:
        stream.write(npz_bytes(arrays))


def save_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8."""
    with replacing(path) as stream:
        stream.write(text.encode("utf-8"))


def save_json(path: Path, data: Any) -> None:
    """Write JSON as people read it, the same text for the same data. Raises ValueError on NaN,
    which is not JSON.
    """
    save_text(path, json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or its type where it has none."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


PACKAGE = Path(__file__).parent
"""The folder of the package ``spikeloom``."""


def is_clone() -> bool:
    """Whether this is a clone, and not an installed package."""
    return not (PACKAGE / "bitstreams").is_dir()


def house(name: str) -> Path:
    """The folder of that name."""
    return (PACKAGE.parent.parent if is_clone() else PACKAGE) / name


def bitstreams() -> Path:
    """The folder with ``boards/*.toml`` and the Tcl; in a clone also the one that finished
    bitstreams go to.
    """
    return house("bitstreams")


def hls_templates() -> Path:
    """The folder with the C++ headers, the test bench, and the two templates."""
    return house("hls_templates")
