"""The register bank, generated from ``spikeloom.interface.registers``: nothing here names a
register but those that are constants.
"""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.hdl import ValueLike
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from spikeloom.interface.registers import (
    ADDRESS_WIDTH,
    COUNTERS,
    LOG,
    LOG_DEPTH,
    MAGIC,
    MAX_COUNTERS,
    REGISTERS,
    STEP_REGISTERS,
    VERSION,
    Register,
)


def constants(
    *, memory_width: int, counters: int, identity: str, runtime_weights: bool, steps: int
) -> dict[str, list[int]]:
    """What the registers read that never change, by name, one value per register of a ``count``."""
    digest = bytes.fromhex(identity)
    return {
        "magic": [MAGIC],
        "version": [VERSION],
        "capabilities": [memory_width // 8 | runtime_weights << 8 | steps << 16],
        "counter_count": [counters],
        "identity": [int.from_bytes(digest[k : k + 4], "big") for k in range(0, 32, 4)],
    }


def field_bits(register: Register) -> int:
    """Bits that the fields of a register reach up to."""
    return max(field.bit + field.width for field in register.fields)


class Bank(wiring.Component):
    """Registers, and the way to the counters of the network and to the log.

    Timing: what a ``read`` names is sampled in that cycle and at ``data`` from the next one on.
    ``counter_data`` and ``log_data`` may come two cycles after their addresses, which follow
    ``read_address``: it is stable for so long before ``read``.

    Parameters
    ----------
    address_width: bits of an address on the memory port; registers of addresses hold no more.
    memory_width, counters, identity, runtime_weights, steps: what constant registers tell. Without
        steps their registers are not built.

    Ports
    -----
    Per register, from its access: "rw" ``<name>``, its value; "wo" ``<name>_<field>``, high in the
        cycle after the write; "w1c" ``<name>``
    and ``<name>_set``, bits to set; "ro" ``<name>``, or ``<name>_<field>`` where it has fields.
    write, write_address, write_data, read, read_address, data: the bus, see Lite.
    counter_address, counter_data, log_address, log_data: one counter of the network; one entry of
        the log, latency in the low half.
    """

    def __init__(
        self,
        *,
        address_width: int,
        memory_width: int,
        counters: int,
        identity: str,
        runtime_weights: bool = False,
        steps: int = 0,
    ):
        if len(identity) != 64:
            raise ValueError(
                f"identity: expected the 64 hexadecimal digits of a SHA-256, got {identity!r}"
            )
        if not 0 < counters <= MAX_COUNTERS:
            raise ValueError(f"counters: expected 1 to {MAX_COUNTERS}, got {counters}")
        self.address_width = address_width
        self.constants = constants(
            memory_width=memory_width,
            counters=counters,
            identity=identity,
            runtime_weights=runtime_weights,
            steps=steps,
        )
        self.registers = [
            register for register in REGISTERS if steps or register.name not in STEP_REGISTERS
        ]
        ports = {
            name: member for register in self.registers for name, member in self.ports(register)
        }
        super().__init__(
            {
                **ports,
                "write": In(1),
                "write_address": In(ADDRESS_WIDTH),
                "write_data": In(32),
                "read": In(1),
                "read_address": In(ADDRESS_WIDTH),
                "data": Out(32),
                "counter_address": Out(16),
                "counter_data": In(64),
                "log_address": Out(range(LOG_DEPTH)),
                "log_data": In(64),
            }
        )

    def ports(self, register: Register) -> list[tuple[str, wiring.Member]]:
        """The ports of one register."""
        name = register.name
        if name in self.constants:
            return []
        if register.access == "rw":
            return [(name, Out(self.bits(register)))]
        if register.access == "w1c":
            return [(name, Out(field_bits(register))), (f"{name}_set", In(field_bits(register)))]
        if register.fields:
            way = Out if register.access == "wo" else In
            return [(f"{name}_{field.name}", way(field.width)) for field in register.fields]
        return [(name, In(register.width))]

    def bits(self, register: Register) -> int:
        """Bits that a register to write holds."""
        if register.name.endswith("_address"):
            return self.address_width
        return field_bits(register) if register.fields else register.width

    def elaborate(self, platform: object) -> Module:
        m = Module()
        values: dict[int, ValueLike] = {}
        for register in self.registers:
            self.write_side(m, register)
            for k, value in enumerate(self.value(register)):
                values[register.offset // 4 + k * register.width // 32] = value
        self.read_side(m, values)
        return m

    def value(self, register: Register) -> list[ValueLike]:
        """What each of the registers of this name reads."""
        name = register.name
        if name in self.constants:
            return [Const(value, 32) for value in self.constants[name]]
        if register.access == "wo":
            return []
        if register.access == "ro" and register.fields:
            parts, bit = [], 0
            for field in register.fields:
                parts += [Const(0, field.bit - bit), getattr(self, f"{name}_{field.name}")]
                bit = field.bit + field.width
            return [Cat(*parts)]
        value = getattr(self, name)
        return [Cat(value, Const(0, register.width - len(value)))]

    def write_side(self, m: Module, register: Register) -> None:
        """What a write to one register does."""
        if register.access == "ro":
            return
        for half in range(register.width // 32):
            hit = Signal(name=f"{register.name}_hit{half}")
            m.d.comb += hit.eq(
                self.write & (self.write_address[2:] == (register.offset >> 2) + half)
            )
            if register.access == "rw":
                part = getattr(self, register.name)[32 * half : 32 * half + 32]
                with m.If(hit):
                    m.d.sync += part.eq(self.write_data)
            elif register.access == "w1c":
                value = getattr(self, register.name)
                m.d.sync += value.eq(
                    (value & ~Mux(hit, self.write_data[: len(value)], 0))
                    | getattr(self, f"{register.name}_set")
                )
            else:
                for field in register.fields:
                    m.d.sync += getattr(self, f"{register.name}_{field.name}").eq(
                        hit & self.write_data[field.bit]
                    )

    def read_side(self, m: Module, values: dict[int, ValueLike]) -> None:
        """One word at a time; the low half of 64 bits keeps the high half for the read after it."""
        address = self.read_address
        low, high, kept = Signal(32), Signal(32), Signal(32)
        second, wide = Signal(), Signal()
        m.d.comb += [
            self.counter_address.eq((address - COUNTERS)[3:]),
            self.log_address.eq(address[3:]),
            second.eq(address[2]),
        ]
        with m.If(address >= LOG):
            with m.If(address < LOG + 8 * LOG_DEPTH):
                m.d.comb += [low.eq(self.log_data[:32]), high.eq(self.log_data[32:]), wide.eq(1)]
        with m.Elif(address >= COUNTERS):
            m.d.comb += [
                low.eq(self.counter_data[:32]),
                high.eq(self.counter_data[32:]),
                wide.eq(1),
            ]
        with m.Else(), m.Switch(address[2 : (COUNTERS - 1).bit_length()]):
            for word, value in values.items():
                with m.Case(*([word] if len(value) <= 32 else [word, word + 1])):
                    m.d.comb += [low.eq(value[:32]), high.eq(value[32:]), wide.eq(len(value) > 32)]
        with m.If(self.read):
            m.d.sync += self.data.eq(Mux(wide & second, kept, low))
            with m.If(wide & ~second):
                m.d.sync += kept.eq(high)
