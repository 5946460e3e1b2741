"""The table: what is written, in numbers that others can read, and rows that are not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from spikeloom.bench import tables
from spikeloom.bench.measuring import Result
from spikeloom.bench.rows import ROWS, find
from spikeloom.bench.tables import Row
from spikeloom.boards import find_board
from spikeloom.errors import SpikeLoomError
from spikeloom.nets import find as find_recipe

RESULT = Result(
    name="lfc-w1t1", board="pynq-z2", clock_mhz=100, weight_bits=1, input_bits=1, steps=1, right=3801, images=4000, sources=364,
    low=0.943, high=0.957, density=0.41, simulated=24, interval=400.0,
    interval_p99=420.0, latency_p99=1800, worst=900.0, port_fps=1e6, fps=250_000.0,
    fps_at={"0.15": 5e5, "0.5": 2e5}, lut=40_000, ff=30_000, dsp=0, bram36=95.5, uram=0, delay_ns=5.61, against_bound=1.3,
    lut_per_useful=12.5,
)  # fmt: skip


def test_every_row_has_a_recipe_and_a_board() -> None:
    for row in ROWS:
        assert find_recipe(row.name).name == row.name
        find_board(row.board)


def test_unknown_row() -> None:
    with pytest.raises(SpikeLoomError, match="benchmark 'alexnet' is unknown: expected one of tfc-w2t2, "):
        find("alexnet")


def test_markdown() -> None:
    text = tables.markdown([Row(RESULT)])
    row = next(line for line in text.splitlines() if line.startswith("| LFC") and "pynq-z2" in line)
    assert row.count("|") == len(tables.HEADS) + 1
    for wanted in ("95.0% (94.3% to 95.7%), 4000 of 364", "250,000", "420 / 900", "40,000", "95.5", "6,250.0", "5.61 ns"):
        assert f" {wanted} |" in row, wanted
    assert "| BNN-PYNQ LFC-W1A1 | PYNQ-Z2, 100 MHz | 98.4 % (MNIST) | 118,883 | measured |" in text
    assert "(memory port)" not in text


def test_files(tmp_path: Path) -> None:
    tables.write(tmp_path, [Row(RESULT)])
    data = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert data["rows"][0]["fps_per_klut"] == 6250.0
    assert data["rows"][0]["anchors"][0]["how"] == "measured"
    assert (tmp_path / "bench.md").read_text(encoding="utf-8") == tables.markdown([Row(RESULT)])
