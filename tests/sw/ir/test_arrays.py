"""Numbers from a user: everything that numpy understands, and one line for everything else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from spikeloom.errors import SpikeLoomError
from spikeloom.ir.arrays import array_of, checked_labels, checked_sources, spread
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import Raw
from spikeloom.ir.nodes import Input, Layer
from spikeloom.ir.number import Code

X = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.mark.parametrize(
    "given",
    [
        X,
        X.tolist(),
        tuple(map(tuple, X.tolist())),
        torch.from_numpy(X),
        torch.from_numpy(X.copy()).requires_grad_(),
        torch.nn.Parameter(torch.from_numpy(X.copy())),
        list(torch.from_numpy(X.copy()).requires_grad_()),
        list(X),
    ],
)
def test_arrays_lists_and_tensors(given: object) -> None:
    assert np.array_equal(array_of(given, "input"), X)


class OnAnotherDevice:
    """A tensor that numpy cannot read where it is."""

    def detach(self) -> OnAnotherDevice:
        return self

    def cpu(self) -> torch.Tensor:
        return torch.from_numpy(X)

    def __array__(self, *_: object, **__: object) -> np.ndarray:
        raise TypeError("can't convert cuda:0 device type tensor to numpy")


def test_a_tensor_on_another_device() -> None:
    assert np.array_equal(array_of(OnAnotherDevice(), "input"), X)


@pytest.mark.parametrize(
    "given", [None, "x.npy", {1: 2}, [[1, 2], [3]], torch.empty(2, device="meta"), object(), ["a"]]
)
def test_anything_else_is_one_line(given: object) -> None:
    with pytest.raises(
        SpikeLoomError,
        match=(
            "^labels: expected numbers as an array, a list or a torch tensor, got"
            f" {type(given).__name__}"
        ),
    ):
        array_of(given, "labels")


def test_labels() -> None:
    zero = np.zeros(3, dtype=np.int64)
    layer = Layer("fc", "x", np.ones((3, 4, 1, 1), dtype=np.int64), Raw(None), zero, zero, zero)
    graph = Graph("g", (Input("x", (4, 1, 1), (4,), Code(3)), layer))
    for labels in ([0, 2], torch.tensor([0, 2]), np.array([0, 2], dtype=np.uint8)):
        truth = checked_labels(labels, graph, 2)
        assert truth is not None and truth.dtype == np.int64 and truth.tolist() == [0, 2]
    for labels, says in (
        ([0.0, 2.0], "float64"),
        ([[0], [2]], "shape"),
        ("ab", "got str"),
        ([0, 3], "0 to 2"),
    ):
        with pytest.raises(SpikeLoomError, match=says):
            checked_labels(labels, graph, 2)


@pytest.mark.parametrize(
    ("images", "second", "last", "many"),
    [(4000, 10, 3990, 400), (364, 1, 363, 364), (401, 1, 399, 400), (1, 0, 0, 1)],
)
def test_spread(images: int, second: int, last: int, many: int) -> None:
    found = spread(np.arange(images), 400)
    assert (found[0], found[min(1, many - 1)], found[-1], len(np.unique(found))) == (
        0,
        second,
        last,
        many,
    )


def test_sources() -> None:
    assert checked_sources(np.arange(3), 3).tolist() == [0, 1, 2]
    for wrong in (np.arange(2), np.zeros((3, 1)), np.array(3)):
        with pytest.raises(
            SpikeLoomError,
            match=r"test_source.npy: expected one number per label, \(3,\), found \(",
        ):
            checked_sources(wrong, 3)
