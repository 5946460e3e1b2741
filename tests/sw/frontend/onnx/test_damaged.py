"""Damaged ONNX files give one clear line, or are still a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from spikeloom.errors import SpikeLoomError
from spikeloom.frontend.onnx import read
from spikeloom.frontend.onnx.write import to_model

from tests.networks import random_graph


def mutate(model: onnx.ModelProto, rng: np.random.Generator) -> bytes:
    """A byte or two overwritten, an input cut or rewired, an attribute changed or lost."""
    if rng.random() < 0.5:
        data = bytearray(model.SerializeToString())
        for _ in range(int(rng.integers(1, 4))):
            data[int(rng.integers(len(data)))] = int(rng.integers(256))
        return bytes(data)
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    node = changed.graph.node[int(rng.integers(len(changed.graph.node)))]
    kind = int(rng.integers(4))
    if kind == 0:
        node.input[int(rng.integers(len(node.input)))] = str(
            rng.choice([n.output[0] for n in changed.graph.node])
        )
    elif kind == 1:
        node.op_type = str(
            rng.choice(
                [n.op_type for n in changed.graph.node]
                + ["Pad", "Flatten", "Shape", "Gemm", "ReduceMean"]
            )
        )
    elif kind == 2:
        del node.input[int(rng.integers(len(node.input))) :]
    elif node.attribute:
        attribute = node.attribute[int(rng.integers(len(node.attribute)))]
        if attribute.ints:
            attribute.ints[0] = int(rng.integers(-2, 5))
        else:
            del node.attribute[0]
    return changed.SerializeToString()


@pytest.mark.parametrize("seed", range(10))
def test_damaged_files_give_one_line_or_a_network(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    while True:
        try:
            model = to_model(random_graph(rng, layers=3))
            break
        except SpikeLoomError:
            continue
    path, refused = tmp_path / "net.onnx", 0
    for _ in range(60):
        path.write_bytes(mutate(model, rng))
        try:
            read(path)
        except SpikeLoomError as error:
            assert "\n" not in str(error)
            refused += 1
    assert refused > 10
