"""From what a user hands over to the integer network: a torch module or a QONNX file, read and
proven.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from spikeloom.errors import SpikeLoomError, about
from spikeloom.files import Array, first_line
from spikeloom.ir.arrays import nonempty
from spikeloom.ir.graph import Graph
from spikeloom.progress import Progress

if TYPE_CHECKING:
    from torch import nn

Fits = Callable[[Graph], None]
"""Raises CapacityError for a network that has no room on the board, before anything is proven."""


@contextmanager
def target_folder(folder: str | Path | None) -> Iterator[Path]:
    """The folder; without one a new temporary folder, which vanishes if the block fails."""
    if folder is not None:
        if not isinstance(folder, str | os.PathLike):
            raise SpikeLoomError(f"folder: expected a path, got {folder!r}")
        yield Path(folder)
        return
    target = Path(mkdtemp(prefix="spikeloom-"))
    try:
        yield target
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def named(model: object) -> str:
    """What errors call a model: the file as it was given, or the module's class."""
    return os.fspath(model) if isinstance(model, str | os.PathLike) else type(model).__name__


def integer_network(
    model: object, x: Array | None, folder: Path, fits: Fits, progress: Progress
) -> tuple[Graph, Path]:
    """The integer network of a QONNX file or a torch module, and its file: the one given, or
    ``model.onnx`` in ``folder``.

    Raises SpikeLoomError naming the file, or the module's class.
    """
    from spikeloom.frontend.onnx import compile_file

    if isinstance(model, str | os.PathLike):
        path = Path(model)
        with about(named(model), path):
            progress("read", 0, 0)
            return compile_file(path, fits, progress).graph, path
    torch = sys.modules.get("torch")  # who has a module has imported it
    if torch is None or not isinstance(model, torch.nn.Module):
        raise SpikeLoomError(
            "compile: expected a torch module or the path of a QONNX file, got"
            f" {type(model).__name__} {model!r:.60}"
        )
    if x is None:
        raise SpikeLoomError(
            "compile: a torch module needs calibration inputs, batch first, also for the shape of"
            " its input"
        )
    name, path = type(model).__name__, folder / "model.onnx"
    with about(name, folder / "trained.onnx"):
        notes = freeze_module(model, tuple(nonempty(x).shape[1:]), folder, fits, progress)
    with about(name, path):
        progress("read", 0, 0)
        graph = compile_file(path, fits, progress).graph
    return replace(graph, name=name, notes=notes), path


def freeze_module(
    model: nn.Module, shape: tuple[int, ...], folder: Path, fits: Fits, progress: Progress
) -> tuple[str, ...]:
    """Export and freeze a torch module into ``folder``: notes that name the module's own nodes.

    Raises SpikeLoomError naming the user's line, or the node.
    """
    from spikeloom.errors import blaming
    from spikeloom.frontend.freeze import freeze
    from spikeloom.nn.export import write_trained

    name = type(model).__name__
    progress("export", 0, 0)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with blaming(name):
            write_trained(model, shape, folder / "trained.onnx")
    except SpikeLoomError:
        raise
    except Exception as error:  # whatever torch makes of a module that does not fit
        raise SpikeLoomError(
            f"{name}: cannot be exported for inputs of shape {shape}: {first_line(error)}"
        ) from error
    progress("freeze", 0, 0)
    return freeze(folder / "trained.onnx", folder / "model.onnx", fits, progress).graph.notes
