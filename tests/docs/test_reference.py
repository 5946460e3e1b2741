"""Reference pages say what the code says: commands, operators, limits, boards, rooms."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

from spikeloom.bench.published.rows import ROWS
from spikeloom.driver.measurement import SCHEMA, Measurement
from spikeloom.frontend.onnx import READERS
from spikeloom.interface.boards import find_board, tables
from spikeloom.interface.registers import LOG_DEPTH, MAX_COUNTERS
from spikeloom.train.zoo import RECIPES

from tests.docs import generate
from tests.docs.pages import DOCS, ROOT, Page
from tests.test_imports import ROOMS


def page(name: str) -> Page:
    return Page(DOCS / name)


def rows(text: str) -> list[list[str]]:
    """Rows of all tables, heads included, cell by cell."""
    lines = [line for line in text.split("\n") if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_the_command_line_is_up_to_date() -> None:
    """Where this fails: ``python -m tests.docs.generate``."""
    assert generate.PAGE.read_text(encoding="utf-8") == generate.command_line()


def test_operators_are_those_that_are_read() -> None:
    text = page("reference/operators.md").text.partition("## On activations")[2]
    named = {name for row in rows(text) for name in re.findall(r"`(\w+)`", row[0])}
    assert named == {*READERS, "IntQuant"}  # another name of Quant


def constant(name: str) -> int:
    """A number of that name in the software, wherever it stands, but only in one place."""
    found = [
        line.partition("=")[2]
        for path in (ROOT / "sw").rglob("*.py")
        for line in path.read_text(encoding="utf-8").split("\n")
        if line.startswith(f"{name} = ")
    ]
    assert len(found) == 1, f"{name}: {found}"
    return int(found[0])


def test_limits_are_those_of_the_code() -> None:
    found = {row[0]: row[1] for row in rows(page("reference/limits.md").text)}
    assert found["time steps T, bits of a `Quant`"] == f"1 to {constant('MAX_STEPS')}"
    assert found["accumulator, drive and membrane"] == f"{constant('MAX_WIDTH')} bits"
    assert found["integer output"] == f"{constant('OUTPUT_WIDTH')} bits"
    assert found["counters"] == f"{MAX_COUNTERS:,}"
    assert found["images in the log"] == str(LOG_DEPTH)


def test_boards_are_those_of_their_files() -> None:
    text = page("reference/limits.md").text.partition("## Boards")[2].partition("\n## ")[0]
    head, _, *table = rows(text)
    found = {name: [row[at] for row in table] for at, name in enumerate(head)}
    assert [f"`{name}`" for name in tables()] == head[1:]
    for name in tables():
        board = find_board(name)
        counts = (board.lut, board.ff, board.bram36, board.uram, board.dsp)
        assert found[f"`{name}`"][:9] == [
            board.part,
            *(f"{count:,}" for count in counts),
            f"{board.memory_width} bits",
            f"{board.address_width} bits",
            f"{board.clock_mhz:g} MHz",
        ]


def test_fields_of_the_report_files_are_on_their_page(prepared: Path) -> None:
    text = page("reference/report-files.md").text
    sections = {part.partition("\n")[0]: part for part in text.split("\n## ")}
    net = prepared / "build" / "digits-cnn"
    found = {
        "Estimates": [load(path) for path in sorted(net.glob("estimate_*.json"))],
        "rtlsim_performance.json": [load(net / "rtlsim_performance.json")],
        "measure.json": [[field.name for field in fields(Measurement)], ["schema", "definitions"]],
    }
    assert len(found["Estimates"]) == 4
    assert f"| `schema` | {SCHEMA} |" in sections["measure.json"]
    missing = []
    for name, files in found.items():
        named = {*re.findall(r"`([^`]+)`", sections[name]), "source", "how"}
        missing += [f"{name}: {field}" for file in files for field in file if field not in named]
    assert not missing


def load(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def test_every_network_is_on_its_page() -> None:
    text = page("reference/training.md").text.partition("## Networks")[2]
    named = {name for row in rows(text) for name in re.findall(r"`([\w-]+)`", row[0])}
    families = {name.rpartition("-t")[0] for name in named if name.startswith(("spikepack", "lif"))}
    missing = [name for name in RECIPES if name not in named]
    assert not [name for name in missing if name.rpartition("-t")[0] not in families]


def test_published_figures_are_those_of_the_benchmark() -> None:
    text = page("reference/results.md").text.partition("## What others published")[2]
    found = {(row[2], row[3]) for row in rows(text.partition("\n## ")[0])}
    for anchor in (anchor for row in ROWS for anchor in row.anchors):
        million = anchor.fps >= 1e6
        number = f"{anchor.fps / 1e6:g} million" if million else f"{anchor.fps:,.0f}"
        number = f"about {number}" if million and anchor.how == "stated" else number
        assert (number, anchor.accuracy) in found, anchor


def test_the_order_of_the_rooms_is_that_of_the_import_rule() -> None:
    text = page("explanation/rooms.md").text.partition("## The import rule")[2]
    block = text.split("```")[1].removeprefix("text")
    written = [tuple(sorted(re.split(r",\s*", part.strip()))) for part in block.split(">")]
    short = [
        tuple(sorted(re.sub(r"^spikeloom[._]", "", name) for name in names)) for names in ROOMS
    ]
    assert written == [names for names in short if names not in (("__main__",), ("spikeloom",))]
