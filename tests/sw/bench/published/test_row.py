"""A row's figures, each from where it belongs."""

from __future__ import annotations

import json
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest
from spikeloom import accelerator
from spikeloom.bench.published import pace
from spikeloom.bench.published import row as measuring
from spikeloom.bench.published.counting import Speed
from spikeloom.bench.published.rows import find
from spikeloom.ir import golden
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import Raw
from spikeloom.ir.nodes import Input, Layer
from spikeloom.ir.number import Code
from spikeloom.mapping.plan.plan import Folding
from spikeloom.progress import silent

from tests.network_layers import plan_of
from tests.sw.bench.published.test_counting import made as made


def test_a_row(made, monkeypatch):
    """RTL and Yosys are made up."""
    trace = golden.trace(made.plan.graph, made.words(np.load(made.folder / "test_x.npy")))
    run = Speed(7, 99, trace, pace.intervals(made.plan, trace))
    taken = SimpleNamespace(lut=13_500, ff=9_000, dsp=4, ramb18=31, uram=0)
    synthesis = SimpleNamespace(
        total=taken, delay=SimpleNamespace(ns=4.5), without_arcs=("DSP48E1",)
    )
    monkeypatch.setattr(
        measuring,
        "speed",
        lambda made, x, images, progress: run if len(x) == 24 and images == 7 else None,
    )
    monkeypatch.setattr(accelerator.Accelerator, "top_sha256", lambda self, progress: "t")
    monkeypatch.setattr(accelerator.Accelerator, "synth", lambda self, progress: synthesis)
    (made.folder / "train.json").write_text(json.dumps({"dataset": "digits"}), encoding="utf-8")
    row = measuring.measure(find("digits-cnn"), made, 7, silent)
    assert (row.name, row.dataset, row.simulated, row.modelled, row.latency_p99) == (
        "digits-cnn",
        "digits",
        7,
        24,
        99,
    )
    assert (row.interval, row.interval_p99) == (run.intervals.mean(), run.intervals.max())
    assert row.fps == pytest.approx(100e6 / run.interval) and row.fps < row.port_fps
    assert (row.lut, row.ff, row.dsp, row.bram36, row.delay_ns, row.delay_without) == (
        13_500,
        9_000,
        4,
        15.5,
        4.5,
        ("DSP48E1",),
    )
    assert (row.top_sha256, row.made_with) == ("t", f"Yosys {measuring.yosys.version()}")
    assert row.routed_fps(1.5) == row.fps and row.routed_fps(2.5) == pytest.approx(
        row.fps * 10 / (2.5 * 4.5)
    )
    assert measuring.read(json.loads(json.dumps(asdict(row)))) == row


@pytest.mark.parametrize("body", ["event", "parallel"])
def test_weights_of_plus_and_minus_one_are_one_bit_in_any_body(body):
    zero, weight = (
        np.zeros(4, dtype=np.int64),
        np.where(np.random.default_rng(0).random((4, 8, 1, 1)) < 0.5, -1, 1),
    )
    graph = Graph(
        "signs",
        (
            Input("x", (8, 1, 1), (8,), Code(1)),
            Layer("fc", "x", weight, Raw(None), zero, zero, zero),
        ),
    )
    plan = plan_of(graph, {"fc": Folding(body, 8)})
    assert (
        plan.stages[0].stored_width == (1 if body == "event" else 2)
        and measuring.weight_bits(plan) == 1
    )
