"""From a model to an accelerator: a torch module or a QONNX file is read, proven, folded for a
board, and written.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from spikeloom.accelerator import Accelerator, Numbers
from spikeloom.errors import SpikeLoomError, about
from spikeloom.files import Array, first_line
from spikeloom.ir.arrays import array_of, input_words, nonempty
from spikeloom.ir.graph import Graph
from spikeloom.mapping.plan import plan_file
from spikeloom.mapping.plan.headroom import with_room
from spikeloom.mapping.plan.runtime_steps import selectable
from spikeloom.mapping.search.schedule import Goal, admit, checked, schedule
from spikeloom.progress import Progress, silent
from spikeloom.report import estimates, foldings

if TYPE_CHECKING:
    from torch import nn

Fits = Callable[[Graph], None]
"""Raises CapacityError for a network that has no room on the board, before anything is proven."""


def compile(
    model: nn.Module | str | os.PathLike[str],
    board: str = "pynq-z2",
    calibration: Numbers | None = None,
    *,
    folder: str | Path | None = None,
    target_fps: float | None = None,
    max_throughput: bool = False,
    share: float | None = None,
    clock_mhz: float | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    runtime_weights: bool = False,
    fewer_steps: bool = False,
    progress: Progress = silent,
) -> Accelerator:
    """Turn a model into an accelerator: read it, prove every neuron, fold it for a board, write
    plan and estimates.

    Arguments
    ---------
    model: a torch module of :mod:`spikeloom.nn` layers, frozen on the way, or the path of a QONNX
        file.
    calibration: real inputs (N, ...), as the network takes them: an array, a list or a torch
        tensor. The share of set bits is measured on them. Without them one is assumed; a torch
        module needs them for the shape of its input.
    folder: where the files go; a new temporary folder if None.
    target_fps: frames per second to fold for. max_throughput: fold for as many as fit. Without
        either a modest size.
    share: of the board's LUTs and registers that may be used with either of them; 0.7 if None.
    clock_mhz: the board's usual one if None.
    overrides: node -> folding numbers set by hand, see
        :func:`spikeloom.mapping.search.schedule.schedule`.
    runtime_weights: memories that can be loaded with a retrained network of the same shape, see
        :meth:`Accelerator.weights`.
    fewer_steps: hardware that can run with fewer time steps; the driver's ``steps=`` chooses how
        many.
    Raises SpikeLoomError naming the file or node, and what to do.
    """
    from spikeloom.verify.compiled_file import keep

    goal = Goal(target_fps, max_throughput, share)
    checked(board, clock_mhz, goal)
    x = array_of(calibration, "calibration") if calibration is not None else None
    with target_folder(folder) as target:
        graph, path = integer_network(
            model, x, target, partial(admit, board=board, overrides=overrides, goal=goal), progress
        )
        if folder is not None:
            graph = replace(graph, name=target.resolve().name.encode("utf-8", "replace").decode())
        graph, rooms = with_room(graph) if runtime_weights else (graph, {})
        words = None if x is None else input_words(graph, x)
        progress("schedule", 0, 0)
        with about(model_name(model), path):
            plan = schedule(
                graph,
                board,
                words=words,
                **vars(goal),
                clock_mhz=clock_mhz,
                overrides=overrides,
                rooms=rooms,
                progress=progress,
            )
            plan = selectable(plan) if fewer_steps else plan
        keep(graph, path, target)
        estimates.write(plan, target)
        foldings.write(plan, target, share)
        plan_file.save(plan, target)
        return Accelerator(target, plan)


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


def model_name(model: object) -> str:
    """What errors call a model: the file as it was given, or the module's class."""
    return os.fspath(model) if isinstance(model, str | os.PathLike) else type(model).__name__


def integer_network(
    model: object, x: Array | None, folder: Path, fits: Fits, progress: Progress
) -> tuple[Graph, Path]:
    """The integer network of a QONNX file or a torch module, and its file: the one given, or
    ``model.onnx`` in ``folder``.

    Raises SpikeLoomError naming the file, or the module's class.
    """
    from spikeloom.frontend.importers import compile_file
    from spikeloom.mapping.estimate.table_warning import with_tables

    if isinstance(model, str | os.PathLike):
        path = Path(model)
        with about(model_name(model), path):
            progress("read", 0, 0)
            return with_tables(compile_file(path, fits, progress)), path
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
    from spikeloom.mapping.estimate.table_warning import with_tables
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
    frozen = freeze(folder / "trained.onnx", folder / "model.onnx", fits, progress)
    return with_tables(frozen.compiled).notes
