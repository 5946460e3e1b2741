"""From the file of another tool to exact integers: which reader takes which file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from spikeloom.errors import about
from spikeloom.frontend.lower import Admit, Compiled, anything, compile_source
from spikeloom.ir.exact import Source
from spikeloom.progress import Progress, silent


def onnx(path: Path) -> Source:
    from spikeloom.frontend.onnx import read_source

    return read_source(path)


IMPORTERS: dict[str, Callable[[Path], Source]] = {
    ".onnx": onnx,
}
"""Readers by the ending of a file, in small letters. Each raises SpikeLoomError naming file and
node, and what to do. A file of another ending is read as ONNX.
"""


def importer(path: Path) -> Callable[[Path], Source]:
    """What reads a file."""
    return IMPORTERS.get(path.suffix.lower(), onnx)


def compile_file(
    path: str | Path, admit: Admit = anything, progress: Progress = silent
) -> Compiled:
    """The integer network of a file, and the proof of every neuron; ``admit`` and ``progress`` as
    in :func:`spikeloom.frontend.lower.compile_source`. Raises SpikeLoomError as the reader does.
    """
    path = Path(path)
    with about(path, path):
        return compile_source(importer(path)(path), admit, progress)
