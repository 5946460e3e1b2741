"""What the benchmark runs: networks, boards and targets, and what is published about each, with its
device and how it came about.
"""

from __future__ import annotations

from dataclasses import dataclass

from spikeloom.errors import SpikeLoomError


@dataclass(frozen=True)
class Anchor:
    """A published figure. how: "measured" on hardware, "simulated" or "estimated"; "stated" where
    the source does not say.
    """

    design: str
    device: str
    fps: float
    accuracy: str
    how: str


@dataclass(frozen=True)
class Bench:
    """One row.

    Attributes
    ----------
    name: of the recipe that trains it, see :mod:`spikeloom.train.zoo.bench`. board, clock_mhz: what
        it is folded for; the clock is assumed.
    target_fps: frames per second that it is folded for. share: of the board's logic that the
        folding may take by estimate.
    anchors: what others published for the same topology. spike_penalty: of the first twin that is
        trained with one.
    """

    name: str
    network: str
    board: str
    clock_mhz: float
    target_fps: float
    share: float
    anchors: tuple[Anchor, ...] = ()
    spike_penalty: float = 1.0


TWINS = "twins"
"""What stands for SpikePack against LIF among the names of rows."""

ZC706 = "ZC706, 200 MHz"

ROWS = (
    Bench(
        "tfc-w2t2", "TFC 784-64-64-64-10", "pynq-z2", 100, 4_000_000, 0.8,
        (Anchor("FINN TFC w2a2", "a larger part", 1.2e6, "", "stated"),),
    ),
    Bench(
        "lfc-w1t1", "LFC 784-1024-1024-1024-10", "pynq-z2", 100, 500_000, 0.85,
        (Anchor("BNN-PYNQ LFC-W1A1", "PYNQ-Z2, 100 MHz", 118_883, "98.4 % (MNIST)", "measured"),),
    ),
    Bench(
        "sfc-w1t1", "SFC 784-256-256-256-10", "zcu104", 300, 25_000_000, 0.8,
        (Anchor("FINN 2017 SFC", ZC706, 12.3e6, "95.8 % (MNIST)", "measured"),),
    ),
    Bench(
        "cnv-w2t2", "CNV", "pynq-z2", 100, 8_000, 0.95,
        (
            Anchor("BNN-PYNQ CNV-W2A2", "PYNQ-Z2, 100 MHz", 860, "84.3 % (CIFAR-10)", "measured"),
            Anchor("FINN CNV-w2a2", "AUP-ZU3", 3_031, "88.6 % (CIFAR-10)", "stated"),
        ),
    ),
    Bench(
        "cnv-w1t1", "CNV", "zcu104", 300, 60_000, 0.8,
        (
            Anchor("FINN 2017 CNV", ZC706, 21_906, "80.1 % (CIFAR-10)", "measured"),
            Anchor("BNN-PYNQ CNV-W1A1", "PYNQ-Z2, 100 MHz", 3_050, "79.2 % (CIFAR-10)", "measured"),
        ),
    ),
    Bench(
        "scnn9-w4t4", "SCNN9", "zcu104", 300, 40_000, 0.8,
        (Anchor("FireFly-S SCNN9", "zu5ev, 333 MHz", 2_327, "87.0 % (CIFAR-10)", "stated"),),
    ),
    Bench("resnet-w4t4", "ResNet-style, 32 x 32", "zcu104", 300, 20_000, 0.8),
    Bench("digits-cnn", "residual CNN, 8 x 8", "pynq-z2", 100, 100_000, 0.7),
)  # fmt: skip
"""Published figures: BNN-PYNQ and FINN repositories and papers, FireFly-S paper; most powers and
some rates there are tools' estimates.
"""


def find(name: str) -> Bench:
    """The row of a recipe. Raises SpikeLoomError naming those that there are."""
    for row in ROWS:
        if row.name == name:
            return row
    raise SpikeLoomError(
        f"benchmark {name!r} is unknown: expected one of"
        f" {', '.join([*(row.name for row in ROWS), TWINS])}"
    )
