"""A user's own network: ``file.py:function``, where the function takes nothing and returns a torch
module or a Recipe.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from spikeloom.errors import SpikeLoomError, message, place
from spikeloom.train.zoo.recipe import Recipe

Builder = Callable[[], Any]


def _import(path: Path) -> ModuleType:
    name = f"spikeloom_user_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SpikeLoomError(f"{path}: expected a Python file (.py)")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(
        0, str(path.parent.resolve())
    )  # its neighbours can be imported, as when Python runs the file
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a user's file does wrong
        del sys.modules[name]
        raise SpikeLoomError(
            f"{path}: cannot be imported: {place(error) or message(error)}"
        ) from error
    finally:
        sys.path.pop(0)
    return module


def load_callable(spec: str) -> Builder:
    """The function named by ``file.py:function``; runs the file.

    Raises SpikeLoomError if the text has another form, the file is missing or fails, or has no such
    function.
    """
    file, colon, name = spec.rpartition(":")
    if not colon or not file.endswith(".py") or not name.isidentifier():
        raise SpikeLoomError(f"{spec!r}: expected file.py:function")
    path = Path(file)
    if not path.is_file():
        raise SpikeLoomError(f"{path}: expected a Python file, found none")
    found = getattr(_import(path), name, None)
    if not callable(found):
        raise SpikeLoomError(
            f"{path}: expected a function {name}, found"
            f" {'none' if found is None else type(found).__name__}"
        )
    return found  # type: ignore[no-any-return]


def recipe_of(build: Builder) -> Recipe:
    """A recipe from a function: the Recipe that it returns, or its module trained on the digits
    with the usual settings.

    Raises SpikeLoomError if the function fails or returns something else.
    """
    name = getattr(build, "__name__", type(build).__name__)
    try:
        with torch.random.fork_rng(devices=[]):
            result = build()
    except Exception as error:  # whatever a user's function does wrong
        raise SpikeLoomError(
            f"{name}: the function failed: {place(error) or message(error)}"
        ) from error
    if isinstance(result, Recipe):
        return result
    if not isinstance(result, nn.Module):
        raise SpikeLoomError(
            f"{name}: expected a torch.nn.Module or a Recipe, the function returned"
            f" {type(result).__name__}"
        )
    return Recipe(name, "digits", build)
