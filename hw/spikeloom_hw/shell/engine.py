"""The network as the shell sees it: the ports of ``spikeloom_hw.top.Top`` and a reset."""

from __future__ import annotations

from amaranth import ClockSignal, Instance, Module, ResetInserter
from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..lib.runtime_steps import STEPS_WIDTH


def engine_ports(beat_bytes: int, loads: bool, steps: bool) -> dict[str, wiring.Member]:
    """All but clock and reset."""
    load = {"load_start": In(1), "load_valid": In(1), "load_data": In(32), "load_done": Out(1)}
    return {
        "s_axis_tdata": In(8 * beat_bytes),
        "s_axis_tvalid": In(1),
        "s_axis_tready": Out(1),
        "s_axis_tlast": In(1),
        "m_axis_tdata": Out(32),
        "m_axis_tvalid": Out(1),
        "m_axis_tready": In(1),
        "m_axis_tlast": Out(1),
        "counter_address": In(16),
        "counter_data": Out(64),
        "counter_clear": In(1),
        **(load if loads else {}),
        **({"steps": In(STEPS_WIDTH)} if steps else {}),
    }


class Engine(wiring.Component):
    """A network with a reset of its own.

    Parameters
    ----------
    beat_bytes: of ``s_axis_tdata``. loads: whether weights can be loaded. steps: whether time steps
        can be chosen.
    inner: a component with the ports of ``Top``; None for an instance of the Verilog module
        ``top``.

    Ports
    -----
    reset: the network to its beginning. The others: see ``Top``.
    """

    def __init__(
        self,
        *,
        beat_bytes: int,
        loads: bool = False,
        steps: bool = False,
        inner: Elaboratable | None = None,
    ):
        self.flat, self.inner, self.loads = engine_ports(beat_bytes, loads, steps), inner, loads
        super().__init__({"reset": In(1), **self.flat})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        inputs = {name: member for name, member in self.flat.items() if member.flow is In}
        if self.inner is None:
            ports = {
                f"{'i' if name in inputs else 'o'}_{name}": getattr(self, name)
                for name in self.flat
            }
            m.submodules.top = Instance("top", i_clk=ClockSignal(), i_rst=self.reset, **ports)
            return m
        m.submodules.top = ResetInserter(self.reset)(self.inner)
        for name in self.flat:
            here, there = getattr(self, name), getattr(self.inner, name)
            m.d.comb += there.eq(here) if name in inputs else here.eq(there)
        return m
