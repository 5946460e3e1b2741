"""A folder in which the commands of the documentation run as they stand, in seconds: the networks
that the pages name are there, and small.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from spikeloom.cli import main
from spikeloom_sim.board import SimulatedBoard

from tests.docs.pages import DOCS, Page

NETWORK = '''\
"""A small network with the layers of digits-cnn that the pages name."""

from torch.nn import BatchNorm2d, Flatten, Module

from spikeloom import nn


class Small(Module):
    def __init__(self):
        super().__init__()
        self.quant = nn.QuantInput(4)
        self.conv1 = nn.QuantConv2d(1, 4, 3, padding=1, stride=2, weight_bits=2)
        self.norm1, self.spike1 = BatchNorm2d(4), nn.SpikePack(steps=2, power_of_two=True)
        self.conv2 = nn.QuantConv2d(4, 16, 3, padding=1, weight_bits=2)
        self.norm2, self.spike2 = BatchNorm2d(16), nn.SpikePack(steps=2, power_of_two=True)
        self.flatten, self.fc = Flatten(), nn.QuantLinear(256, 10, weight_bits=2)

    def forward(self, x):
        x = self.spike1(self.norm1(self.conv1(self.quant(x))))
        x = self.spike2(self.norm2(self.conv2(x)))
        return self.fc(self.flatten(x))


def network():
    return Small()
'''

IMAGES = 8
OTHERS = ("build/first/model.onnx", "build/second/model.onnx")


def run(*words: object) -> None:
    """One command of the command line, in this process."""
    status = main.run([str(word) for word in words])
    assert status == 0, f"spikeloom {' '.join(map(str, words))}: status {status}"


def prepare(folder: Path) -> None:
    """Fill the folder, which is the current one: ``build/digits-cnn`` up to the simulation of a few
    images, and the files that the pages name.
    """
    (folder / "my.py").write_text(NETWORK, encoding="utf-8")
    net = Path("build/digits-cnn")
    run("train", "my.py:network", "-o", net, "--epochs", 1)
    for name in ("test_x.npy", "test_y.npy", "test_source.npy"):
        np.save(net / name, np.load(net / name)[:IMAGES])
    run("export", net)
    run("compile", net / "model.onnx", "-o", net, "--calibration", net / "calibration_x.npy")
    run("sim", net)
    np.save("x.npy", np.load(net / "test_x.npy")[:4])
    for source, *names in (
        (net / "model.onnx", "mine.onnx", "my model.onnx", *OTHERS),
        (Path("x.npy"), "mine.npy", "my x.npy"),
    ):
        for name in names:
            Path(name).parent.mkdir(exist_ok=True, parents=True)
            shutil.copy(source, name)
    page = Page(DOCS / "how-to" / "speed-and-size.md")
    folding = next(block.text for block in page.blocks if block.language == "json")
    Path("folding.json").write_text(folding, encoding="utf-8")
    build()


def build() -> None:
    """Simulations that several pages need, so that each is built once."""
    run("compile", "mine.onnx", "-o", "build/mine", "--calibration", "mine.npy")
    run("sim", "build/mine", "--input", "mine.npy")
    with SimulatedBoard("build/digits-cnn"):
        pass
