"""The networks of the benchmark: sizes, widths and steps as their papers have them, data to match,
and one of each kind all the way.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from spikeloom import compile, nn
from spikeloom.errors import SpikeLoomError
from spikeloom.frontend.freeze import freeze
from spikeloom.frontend.importers import compile_file
from spikeloom.ir import golden
from spikeloom.ir.graph import Graph
from spikeloom.ir.nodes import Layer
from spikeloom.nn.export import to_onnx
from spikeloom.train.loop import predict, train
from spikeloom.train.zoo import bench, find
from torch.nn import Module

from tests.sw.train.data.test_data import write_cifar10, write_mnist
from tests.sw.train.small_sets import shrink

INPUTS = {"textured": (3, 32, 32), "digits28": (1, 28, 28)}
LAYERS = {
    "cnv-w2t2": [
        (64, 3),
        (64, 64),
        (128, 64),
        (128, 128),
        (256, 128),
        (256, 256),
        (512, 256),
        (512, 512),
        (10, 512),
    ],
    "scnn9-w4t4": [
        (16, 3),
        (32, 16),
        (32, 32),
        (64, 32),
        (64, 64),
        (128, 64),
        (128, 128),
        (256, 128),
        (10, 1024),
    ],
    "resnet-w4t4": [
        (16, 3),
        (16, 16),
        (16, 16),
        (32, 16),
        (32, 32),
        (32, 16),
        (64, 32),
        (64, 64),
        (64, 32),
        (10, 64),
    ],
    "tfc-w2t2": [(64, 784), (64, 64), (64, 64), (10, 64)],
    "sfc-w1t1": [(256, 784), (256, 256), (256, 256), (10, 256)],
    "lfc-w1t1": [(1024, 784), (1024, 1024), (1024, 1024), (10, 1024)],
    "spikepack-t4": [(16, 3), (32, 16), (64, 32), (10, 1024)],
    "lif-t4": [(16, 3), (32, 16), (64, 32), (10, 1024)],
}
MACS = {
    "cnv-w1t1": 59_461_376,
    "cnv-w2t2": 59_461_376,
    "scnn9-w4t4": 26_404_864,
    "resnet-w4t4": 12_501_632,
    "tfc-w2t2": 784 * 64 + 2 * 64 * 64 + 640,
    "sfc-w1t1": 784 * 256 + 2 * 256 * 256 + 2560,
    "lfc-w1t1": 784 * 1024 + 2 * 1024 * 1024 + 10240,
    "spikepack-t1": 710_656,
    "lif-t1": 710_656,
}


def weighted(model: Module) -> list[Module]:
    return [m for m in model.modules() if isinstance(m, nn.QuantConv2d | nn.QuantLinear)]


def calibrated(name: str, images: int = 2) -> Module:
    torch.manual_seed(0)
    recipe = find(name)
    model = recipe.build()
    model(torch.randint(0, 256, (images, *INPUTS[recipe.dataset])).float())
    return model.eval()


def neurons(graph: Graph) -> set[str]:
    return {type(node.neuron).__name__ for node in graph.nodes if isinstance(node, Layer)}


def set_bits(graph: Graph, x: np.ndarray) -> dict[str, float]:
    """Share of set bits behind every neuron, by the name of the neuron's module."""
    words = golden.trace(graph, golden.quantize(graph.input, x))
    layers = [
        node for node in graph.nodes if isinstance(node, Layer) and node.name != graph.output.name
    ]
    return {
        f"{layer.name}_spike": float(graph.codes[layer.name].planes(words[layer.name]).mean())
        for layer in layers
    }


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_topology(name):
    assert [tuple(layer.weight.shape[:2]) for layer in weighted(find(name).build())] == LAYERS[name]


@pytest.mark.parametrize("name", sorted(MACS))
def test_multiply_accumulates(name):
    model, macs = calibrated(name), []
    for layer in weighted(model):
        layer.register_forward_hook(
            lambda m, _, out: macs.append(m.weight[0].numel() * out[0].numel())
        )
    model(torch.zeros(1, *INPUTS[find(name).dataset]))
    assert sum(macs) == MACS[name]


@pytest.mark.parametrize("name", sorted(recipe.name for recipe in bench.RECIPES))
def test_width_and_steps_are_those_of_the_name(name):
    model = find(name).build()
    bits, steps = (
        (int(n) for n in name.split("-w")[1].split("t"))
        if "-w" in name
        else (4, int(name.split("-t")[1]))
    )
    assert {int(layer.weight_quant.bit_width()) for layer in weighted(model)} == {bits}
    neurons = [m for m in model.modules() if isinstance(m, nn.Neuron)]
    assert {neuron.steps for neuron in neurons} == {steps} and all(
        neuron.power_of_two for neuron in neurons
    )
    assert {type(neuron) for neuron in neurons} == {
        nn.LIF if name.startswith("lif") else nn.SpikePack
    }
    (source,) = [m for m in model.modules() if isinstance(m, nn.QuantInput)]
    assert int(source.act_quant.bit_width()) == (steps if "fc-" in name else 8)


def test_one_bit_weights_are_plus_and_minus_one():
    for layer in weighted(calibrated("sfc-w1t1")):
        weight = layer.quant_weight()
        assert set(torch.unique((weight.value / weight.scale).round()).tolist()) == {-1, 1}


@pytest.mark.parametrize("name", ["spikepack-t2", "lif-t2"])
def test_twins_start_from_the_same_weights(name):
    """One seed makes the same convolutions and classifier, so that only the neuron differs."""
    first, second = weighted(calibrated("spikepack-t8")), weighted(calibrated(name))
    assert all(torch.equal(a.weight, b.weight) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("name,last", [("sfc-w1t1", [128]), ("tfc-w2t2", [32, 95, 160])])
def test_pixels_become_few_bits(name, last):
    """The last pixel value of each word but the highest: half brightness for one bit, four equal
    steps for two, ties to even.
    """
    words = calibrated(name).quant(torch.arange(256.0).reshape(1, -1))[0]
    assert words.diff().nonzero().ravel().tolist() == last
    assert words[0] == 0


@pytest.mark.parametrize(
    "name,shape,write",
    [("cnv-w2t2", (3, 32, 32), write_cifar10), ("tfc-w2t2", (1, 28, 28), write_mnist)],
)
def test_a_folder_of_files_replaces_the_drawn_images(name, shape, write, tmp_path):
    write(tmp_path) if write is write_cifar10 else write(tmp_path, True)
    recipe = replace(find(name), batch=4)
    other = recipe.on(tmp_path)
    assert recipe.on(None) == recipe and recipe.dataset != other.dataset == recipe.files
    train(recipe, tmp_path / "out", epochs=1, data_dir=tmp_path)
    saved = (tmp_path / "out" / "train.json").read_text()
    assert f'"dataset": "{recipe.files}"' in saved and recipe.dataset not in saved
    assert np.load(tmp_path / "out" / "test_x.npy").shape[1:] == shape


def test_networks_without_such_files_stay_where_they_are(tmp_path):
    assert find("digits-cnn").on(tmp_path) == find("digits-cnn")
    with pytest.raises(SpikeLoomError, match="expected data_batch_1.bin"):
        train(find("spikepack-t1"), tmp_path / "out", epochs=1, data_dir=tmp_path)


@pytest.mark.parametrize("name", ["sfc-w1t1", "spikepack-t2", "lif-t2"])
def test_all_the_way(name, tmp_path, monkeypatch):
    """Train, freeze, compile: the integers answer as the trained network, image by image, with
    serial neurons and no table.
    """
    shrink(monkeypatch)
    trained = train(find(name), tmp_path, epochs=1)
    x = np.load(tmp_path / "test_x.npy")
    frozen = freeze(tmp_path / "trained.onnx", tmp_path / "model.onnx").graph
    expected = predict(trained.model, x)
    if name.startswith("lif"):  # the frozen membrane floors its leak
        assert (golden.run(frozen, x).argmax(1) == expected.argmax(1)).mean() > 0.9
    else:
        assert np.abs(golden.run(frozen, x) - expected).max() < 1e-4
        assert json.loads((tmp_path / "train.json").read_text())["density"] == pytest.approx(
            set_bits(frozen, x), abs=1e-12
        )
    accelerator = compile(tmp_path / "model.onnx", "zcu104", x[:16], folder=tmp_path)
    assert np.array_equal(accelerator.golden(x), golden.run(frozen, x))
    assert neurons(frozen) == {"LIF" if name.startswith("lif") else "SpikePack", "Raw"}


def test_residual_network_is_compiled_with_serial_neurons(tmp_path: Path):
    path = tmp_path / "resnet.onnx"
    path.write_bytes(to_onnx(calibrated("resnet-w4t4"), INPUTS["textured"]).SerializeToString())
    graph = compile_file(path).graph
    assert neurons(graph) == {"SpikePack", "Raw"}
    assert {
        node.name: node.skip for node in graph.nodes if isinstance(node, Layer) and node.skip
    } == {
        "block1_conv2": "stem",
        "block2_conv2": "block2_shortcut_project",
        "block3_conv2": "block3_shortcut_project",
    }
