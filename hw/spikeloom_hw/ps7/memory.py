"""Memory on a high-performance port: the shell's AXI4 without IDs in, AXI3 out."""

from __future__ import annotations

from amaranth import Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..shell.axi import address_layout, read_layout, write_layout
from .slice import Slice


class Memory(wiring.Component):
    """Five register slices. All bursts have one ID, so responses come in order; the shell's bursts
    are of 16 beats or less, as AXI3's are.

    Timing: each channel is one cycle later on its other side, and carries one transfer per cycle.

    Parameters
    ----------
    width, address_width: bits of the port.

    Ports
    -----
    ar, r, aw, w, b: slave, to the shell. far_ar, ...: master, to memory; lengths of 4 bits.
    """

    def __init__(self, *, width: int, address_width: int):
        short = data.StructLayout({"addr": address_width, "len": 4})
        self.ways = {
            "ar": (address_layout(address_width), short),
            "aw": (address_layout(address_width), short),
            "w": (write_layout(width), write_layout(width)),
        }
        self.back = {"r": read_layout(width), "b": 2}
        super().__init__(
            {
                **{name: In(stream.Signature(near)) for name, (near, _) in self.ways.items()},
                **{
                    f"far_{name}": Out(stream.Signature(far))
                    for name, (_, far) in self.ways.items()
                },
                **{name: Out(stream.Signature(shape)) for name, shape in self.back.items()},
                **{f"far_{name}": In(stream.Signature(shape)) for name, shape in self.back.items()},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for name, (_, far) in self.ways.items():
            m.submodules[name] = part = Slice(far)
            near = getattr(self, name)
            m.d.comb += [
                *(
                    getattr(part.i.payload, field).eq(getattr(near.payload, field))
                    for field in far.members
                ),
                part.i.valid.eq(near.valid),
                near.ready.eq(part.i.ready),
            ]
            wiring.connect(m, part.o, wiring.flipped(getattr(self, f"far_{name}")))
        for name, shape in self.back.items():
            m.submodules[name] = part = Slice(shape)
            wiring.connect(m, wiring.flipped(getattr(self, f"far_{name}")), part.i)
            wiring.connect(m, part.o, wiring.flipped(getattr(self, name)))
        return m
