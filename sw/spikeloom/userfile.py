"""``file.py:function``: a user's own network for the command line. The file is a program and runs as one."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

from torch import nn

from spikeloom.errors import SpikeLoomError
from spikeloom.files import existing, first_line
from spikeloom.nets import Recipe, find


def recipe(net: str, dataset: str | None) -> Recipe:
    """The recipe called ``net``, or the one that ``file.py:function`` returns; a module that it returns is trained on ``dataset``.

    Raises SpikeLoomError where name, file or function do not exist, or the function returns something else.
    """
    path, colon, name = net.rpartition(":")
    if not colon:
        if dataset is not None:
            raise SpikeLoomError(f"--dataset is for file.py:function; {net} has its own data")
        return find(net)
    function = load(existing(Path(path), "a Python file with a function that makes a network"), name)
    made = function()
    if isinstance(made, Recipe):
        return made
    if not isinstance(made, nn.Module):
        raise SpikeLoomError(f"{net}: expected a torch module or a Recipe, got {type(made).__name__}")
    return Recipe(name, dataset or "digits", function)


def load(path: Path, name: str) -> Callable[[], nn.Module]:
    """The function of that name in the file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise SpikeLoomError(f"{path}: expected a Python file")
    loaded = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(loaded)
    except (SyntaxError, ImportError) as error:
        raise SpikeLoomError(f"{path}: cannot be loaded: {first_line(error)}") from error
    finally:
        sys.path.pop(0)
    function = getattr(loaded, name, None)
    if not callable(function):
        raise SpikeLoomError(f"{path}: expected a function {name}, found none")
    return cast(Callable[[], nn.Module], function)
