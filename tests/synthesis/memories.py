"""What Yosys makes of memories of many shapes, kept in ``memories.json``, which the rules of the
cost model must tell exactly.

``python -m tests.synthesis.memories`` writes the file anew. Only the steps up to the mapping of
memories are run.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from amaranth import Module, Mux
from amaranth.back import verilog
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from spikeloom.backend.yosys import yosys
from spikeloom.backend.yosys.cells import NOTHING
from spikeloom_hw.memory.weights import STYLES

from tests.synthesis.measuring import measure

FILE = Path(__file__).with_name("memories.json")


@dataclass(frozen=True)
class Shape:
    """``written``: it has a port to write, else contents. ``registered``: it answers one cycle
    later, with an enable per reader.

    ``shared``: it is written through the address of its first reader. ``kind``: what it must be, as
    in a folding.
    """

    written: bool
    registered: bool
    width: int
    depth: int
    readers: int
    shared: bool = False
    kind: str = "auto"


def shapes() -> Iterator[Shape]:
    """Around every change from one kind of memory to another, and some for each number of
    readers.
    """
    for width, depth in (
        (4, 512),
        (4, 600),
        (9, 256),
        (9, 300),
        (18, 128),
        (18, 130),
        (36, 64),
        (36, 65),
        (72, 64),
        (72, 65),
        (40, 1030),
        (72, 4096),
    ):
        yield Shape(True, True, width, depth, 1)
    for width, depth in ((16, 2), (21, 17), (3, 33), (8, 300), (60, 70)):
        yield Shape(True, False, width, depth, 1)
    for width, depth, readers in (
        (8, 300, 2),
        (20, 144, 2),
        (40, 64, 4),
        (12, 600, 2),
        (16, 48, 3),
        (16, 48, 6),
    ):
        yield Shape(True, True, width, depth, readers)
    for width, depth in (
        (4, 2048),
        (4, 2100),
        (9, 900),
        (9, 920),
        (18, 450),
        (18, 460),
        (36, 220),
        (36, 235),
        (72, 220),
        (72, 235),
    ):
        yield Shape(False, True, width, depth, 1)
    for width, depth, readers in (
        (96, 300, 2),
        (96, 600, 2),
        (40, 600, 2),
        (36, 480, 4),
        (8, 1040, 2),
    ):
        yield Shape(False, True, width, depth, readers)
    for width, depth, readers in (
        (32, 576, 1),
        (32, 576, 4),
        (16, 64, 2),
        (64, 2304, 2),
        (64, 2304, 3),
        (20, 1030, 1),
        (128, 48, 1),
        (30, 9, 1),
    ):
        yield Shape(False, True, width, depth, readers, kind="block")
    for width, depth, readers in ((32, 576, 1), (70, 300, 1), (32, 576, 2), (36, 1024, 1)):
        yield Shape(False, True, width, depth, readers, kind="lut")
    for width, depth, readers in (
        (32, 40, 1),
        (32, 576, 1),
        (32, 100, 2),
        (64, 2304, 1),
        (64, 2304, 2),
        (20, 1030, 2),
        (12, 2304, 2),
    ):
        yield Shape(True, True, width, depth, readers, True, "block")
    for width, depth, readers in (
        (32, 100, 1),
        (32, 100, 2),
        (32, 256, 1),
        (24, 64, 2),
        (24, 200, 2),
    ):
        yield Shape(True, True, width, depth, readers, True, "lut")


class Held(wiring.Component):
    """One memory of a shape, with random contents where nothing is written."""

    def __init__(self, shape: Shape):
        self.shape = shape
        address = (shape.depth - 1).bit_length()
        readers = range(shape.readers)
        super().__init__(
            {
                **{f"address{k}": In(address) for k in readers},
                **{f"enable{k}": In(1) for k in readers},
                **{f"data{k}": Out(shape.width) for k in readers},
                "w_address": In(address),
                "w_data": In(shape.width),
                "w_enable": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, shape, rng = Module(), self.shape, random.Random(0)
        init = [] if shape.written else [rng.getrandbits(shape.width) for _ in range(shape.depth)]
        style = STYLES.get((shape.written, shape.kind), {})
        m.submodules.memory = memory = Memory(
            shape=shape.width, depth=shape.depth, init=init, attrs=style
        )
        for k in range(shape.readers):
            port = memory.read_port(domain="sync" if shape.registered else "comb")
            address = getattr(self, f"address{k}")
            if shape.shared and k == 0:
                address = Mux(self.w_enable, self.w_address, address)
            m.d.comb += [port.addr.eq(address), getattr(self, f"data{k}").eq(port.data)]
            if shape.registered:
                m.d.comb += port.en.eq(getattr(self, f"enable{k}"))
        if shape.written:
            write = memory.write_port()
            m.d.comb += [
                write.addr.eq(memory.read_ports[0].addr if shape.shared else self.w_address),
                write.data.eq(self.w_data),
                write.en.eq(self.w_enable),
            ]
        return m


def measured(some: list[Shape], family: str) -> list[list[int]]:
    """LUTs of memory, block RAMs of 18 kbit and UltraRAMs of each."""
    designs = {
        str(k): (
            verilog.convert(Held(shape), name=f"m{k}", emit_src=False, strip_internal_attrs=True),
            f"m{k}",
        )
        for k, shape in enumerate(some)
    }
    found = measure(designs, family, "map_ffram")
    rows = []
    for k in range(len(some)):
        whole = sum(found[str(k)].values(), NOTHING)
        rows.append([whole.lutram, whole.ramb18, whole.uram])
    return rows


def main() -> None:
    some = list(shapes())
    both = {family: measured(some, family) for family in ("xc7", "xcup")}
    rows = [
        "  " + json.dumps({**vars(shape), **{family: both[family][k] for family in sorted(both)}})
        for k, shape in enumerate(some)
    ]
    text = ",\n".join(rows)
    FILE.write_text(
        f'{{"yosys": {json.dumps(yosys.version())}, "shapes": [\n{text}\n]}}\n', encoding="utf-8"
    )


if __name__ == "__main__":
    main()
