"""What a user hands over as numbers, and what the network takes: real inputs, labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikeloom.errors import SpikeLoomError
from spikeloom.files import Array, first_line
from spikeloom.ir import golden
from spikeloom.ir.graph import Graph
from spikeloom.ir.number import Ints


def array_of(given: Any, what: str) -> Array:
    """An array of anything that numpy understands: arrays, lists, torch tensors (also with a
    gradient, or on another device).

    Raises SpikeLoomError, beginning with ``what``, where there is none in it.
    """
    if isinstance(given, np.ndarray):
        return given
    try:
        if isinstance(given, list | tuple) and hasattr(next(iter(given), None), "detach"):
            given = [array_of(item, what) for item in given]
        array = np.asarray(given.detach().cpu() if hasattr(given, "detach") else given)
        if array.dtype.kind not in "biufc":
            raise TypeError(f"numpy makes {array.dtype} of it")
        return array
    except (ValueError, TypeError, RuntimeError) as error:
        found = f"{type(given).__name__} ({first_line(error)})"
        raise SpikeLoomError(
            f"{what}: expected numbers as an array, a list or a torch tensor, got {found}"
        ) from error


def nonempty(x: Array) -> Array:
    """The array itself. Raises SpikeLoomError unless it has an axis of images, and at least one
    image.
    """
    if x.ndim < 1 or not len(x):
        raise SpikeLoomError(
            f"input: expected at least one image, batch first, got shape {tuple(x.shape)}"
        )
    return x


def input_words(graph: Graph, x: Array) -> Ints:
    """Input words (N, C, H, W) of real input (N, ...), as the network takes it. Raises
    SpikeLoomError on any other input.
    """
    return golden.quantize(graph.input, nonempty(x))


def checked_labels(labels: Any, graph: Graph, images: int) -> Ints | None:
    """Labels (N,) as integers, from anything that :func:`array_of` takes; None without.

    Raises SpikeLoomError unless they are one of the network's classes per image.
    """
    if labels is None:
        return None
    labels = array_of(labels, "labels")
    classes, height, width = graph.shapes[graph.output.name]
    if (height, width) != (1, 1):
        raise SpikeLoomError(
            f"labels: the network answers with a map of {height}x{width}, not with a class; leave"
            " the labels away"
        )
    if labels.shape != (images,) or not np.issubdtype(labels.dtype, np.integer):
        found = f"{labels.dtype} of shape {tuple(labels.shape)}"
        raise SpikeLoomError(
            f"labels: expected {images} class numbers, shape ({images},), got {found}"
        )
    truth: Ints = labels.astype(np.int64)
    if truth.min() < 0 or truth.max() >= classes:
        raise SpikeLoomError(
            f"labels: expected class numbers 0 to {classes - 1}, got {truth.min()} to {truth.max()}"
        )
    return truth


def checked_sources(source: Array, images: int, where: str = "test_source.npy") -> Array:
    """Which real example each test image is made of, (N,). Raises SpikeLoomError unless there is
    one number per image.
    """
    if source.shape != (images,):
        raise SpikeLoomError(
            f"{where}: expected one number per label, {(images,)}, found {source.shape}"
        )
    return source


def spread(x: Array, images: int) -> Array:
    """So many of (N, ...), evenly spread from the first on; all where there are fewer."""
    return x[np.linspace(0, len(x), min(images, len(x)), endpoint=False).astype(np.int64)]
