"""The table: what is written, in numbers that others can read, and rows that are not there."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from spikeloom.bench.published import tables
from spikeloom.bench.published.parallel import BASELINES, Parallel
from spikeloom.bench.published.row import RESULTS, Result
from spikeloom.bench.published.rows import ROWS, find
from spikeloom.bench.published.sparse import TWINS, Sparse, Try
from spikeloom.bench.published.tables import Row
from spikeloom.bench.published.usefulness import NOBODY, Longest, Slowest
from spikeloom.cache.results import Store
from spikeloom.errors import SpikeLoomError
from spikeloom.interface.boards import find_board
from spikeloom.train.zoo import find as find_recipe

RESULT = Result(
    name="lfc-w1t1",
    top_sha256="0",
    made_with="Yosys 0",
    dataset="digits28",
    board="pynq-z2",
    clock_mhz=100,
    weight_bits=1,
    input_bits=1,
    steps=1,
    right=3801,
    images=4000,
    sources=364,
    low=0.943,
    high=0.957,
    density=0.41,
    simulated=24,
    latency_p99=1800,
    modelled=400,
    interval=400.0,
    interval_p99=420.0,
    worst=900.0,
    port_fps=1e6,
    fps=250_000.0,
    fps_at={"0.15": 5e5, "0.5": 2e5},
    lut=40_000,
    ff=30_000,
    dsp=0,
    bram36=95.5,
    uram=0,
    lut_estimated=41_000,
    bram36_estimated=95.5,
    dsp_estimated=0,
    delay_ns=5.61,
    delay_without=("DSP48E1",),
    longest=Longest("fc2", "dense", 395.5),
    slowest=Slowest("fc1", 1.3, 1.04),
    lut_per_useful=12.5,
)


SPARSE = Sparse(
    "lfc-w1t1",
    (Try(1.0, 3700, 4000, 0.91, 0.94, 0.1), Try(0.5, 3790, 4000, 0.94, 0.955, 0.2)),
    True,
    24,
    400,
    200.0,
    240.0,
    500_000.0,
)
PARALLEL = Parallel(
    "lfc-w1t1",
    24,
    400,
    800.0,
    125_000.0,
    40_000,
    39_000,
    42_000,
    20_000,
    12,
    60.5,
    6.2,
    {"conv1": "DSP", "fc1": "LUT", "fc2": "LUT"},
    {"pool1": "max"},
    "no folding is faster",
    400.0,
    50_000,
)


def test_every_row_has_a_recipe_and_a_board() -> None:
    for row in ROWS:
        assert find_recipe(row.name).name == row.name
        find_board(row.board)


def test_unknown_row() -> None:
    with pytest.raises(
        SpikeLoomError, match="benchmark 'alexnet' is unknown: expected one of tfc-w2t2, "
    ):
        find("alexnet")


def test_markdown() -> None:
    text = tables.markdown([Row(RESULT)])
    speed = next(
        line for line in text.splitlines() if line.startswith("| LFC") and "pynq-z2" in line
    )
    assert speed.count("|") == len(tables.HEADS) + 1
    for wanted in (
        "95.03 % (94.3 % to 95.7 %), 4,000 of 364 (digits28)",
        "250,000",
        "500,000, missed",
        "400 / 420 / 900",
        "1 / 1 / 1",
    ):
        assert f" {wanted} |" in speed, wanted
    logic = next(line for line in text.splitlines() if line.startswith("| lfc-w1t1 | 40,000"))
    assert logic.count("|") == len(tables.HEADS_LOGIC) + 1
    for wanted in (
        "40,000 (+2.5 %)",
        "95.5 (95.5)",
        "6,250",
        "5.61 ns, without DSP48E1",
        "250,000 / 178,000",
    ):
        assert f" {wanted} |" in logic, wanted
    assert "| BNN-PYNQ LFC-W1A1 | PYNQ-Z2, 100 MHz | 98.4 % (MNIST) | 118,883 | measured |" in text
    assert (
        "(memory port)" not in text
        and "| lfc-w1t1 | fc2 (dense), 395.5 | 1.30 = 1.04 x 1.25 (fc1) | 12.5 |" in text
    )


def test_a_bound_and_a_target_that_is_met() -> None:
    row = tables.cells(replace(RESULT, fps=1e6 - 1), find("lfc-w1t1"))
    assert "1,000,000 (memory port)" in row and "500,000" in row


def test_the_twin_beside_its_row():
    text = tables.markdown([Row(RESULT, SPARSE)])
    rows = [
        line
        for line in text.split("## With a spike penalty")[1].splitlines()
        if line.startswith("| lfc-w1t1 |")
    ]
    assert rows[0].startswith(
        "| lfc-w1t1 | 1 | 92.50 % (91.0 % to 94.0 %) | 95.03 % | 10.0 % | 41.0 % |"
    ) and rows[0].endswith("| no: more than a point less |")
    assert rows[1].endswith("| 20.0 % | 41.0 % | 200 | 400 | 500,000 | 2.00 | yes |")
    assert "bit-parallel" not in text


def test_the_baseline_beside_its_row():
    """Event-driven: 250,000 frames per second in 40,000 LUT; bit-parallel: 125,000 in 42,000."""
    text = tables.markdown([Row(RESULT, parallel=PARALLEL)])
    row = next(line for line in text.splitlines() if "(event 400)" in line)
    assert (
        "| DSP (1), LUT (2) | 800 (event 400) | 125,000 | 42,000 (40,000, 39,000) | 12 (event 0) |"
        in row
    )
    assert (
        "| 2.00 | 2.10 | 400, 50,000, 1.25 | no folding is faster; other bodies: pool1 max |" in row
    )
    assert "penalty" not in text


def test_files(tmp_path: Path) -> None:
    rows = [Row(RESULT, SPARSE, PARALLEL), Row(replace(RESULT, name="tfc-w2t2"))]
    tables.write(tmp_path, rows)
    data = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert [row["name"] for row in data["rows"]] == ["lfc-w1t1", "tfc-w2t2"]
    assert data["rows"][0]["fps_per_klut"] == 6250.0
    assert data["rows"][0]["anchors"][0]["how"] == "measured"
    assert (tmp_path / "bench.md").read_text(encoding="utf-8") == tables.markdown(rows)


@pytest.mark.parametrize(
    ("store", "figures"), [(RESULTS, RESULT), (TWINS, SPARSE), (BASELINES, PARALLEL)]
)
def test_finished_figures_come_back(tmp_path: Path, store: Store, figures: object) -> None:
    """Whole, or not at all."""
    store.save(tmp_path, "k", figures)
    assert store.find(tmp_path, "k") == figures
    whole = json.loads((tmp_path / store.file).read_text(encoding="utf-8"))
    for name in whole["figures"]:
        if name in ("simulated", "modelled", "interval", "interval_p99", "fps") and store is TWINS:
            continue  # of a twin that was not simulated
        less = {key: value for key, value in whole["figures"].items() if key != name}
        (tmp_path / store.file).write_text(json.dumps({**whole, "figures": less}))
        assert store.find(tmp_path, "k") is None, name


def test_figures_that_there_are_not(tmp_path: Path) -> None:
    """No event layer, no delay: written all the same, and read again."""
    row = Row(replace(RESULT, slowest=NOBODY, lut_per_useful=None, delay_ns=0.0))
    RESULTS.save(tmp_path, "k", row.result)
    assert RESULTS.find(tmp_path, "k") == row.result
    assert "| – (no event layer) | – |" in tables.markdown([row])
