"""A board for tests of the driver alone: a register file with a model of a job in Python, behind
the few names of pynq that it uses.

Every read of a register takes ten cycles. A job answers ``v[o] = (o + 1) · Σ words − 7`` and takes
100 cycles per image.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from spikeloom.driver import environment
from spikeloom.interface.manifest import InputFormat, Manifest, OutputFormat, SpikeStream
from spikeloom.interface.registers import (
    COUNTERS,
    LOG,
    LOG_DEPTH,
    MAGIC,
    REGISTERS,
    VERSION,
    register,
)
from spikeloom.ir.number import Code

from tests.packing import found

READ_CYCLES, IMAGE_CYCLES, LATENCY = 10, 100, 80
BASE = 0x4000_0000
NAMES = (
    "cycles",
    "images",
    "a.busy",
    "a.stalled",
    "a.starved",
    "a.synaptic",
    "b.busy",
    "b.stalled",
    "b.starved",
    "b.synaptic",
)


def manifest(**changes: Any) -> Manifest:
    """A network of two layers, 2 x 3 x 4 words of 4 bits in, 5 integers out."""
    names = (*NAMES, "x.nonzero", *(f"x.spikes[{t}]" for t in range(4)))
    parts: dict[str, Any] = {
        "name": "fake",
        **{f"{part}_sha256": "0" * 64 for part in ("top", "network", "plan", "weights")},
        "board": "pynq-z2",
        "clock_mhz": 100.0,
        "input": InputFormat((2, 3, 4), (2, 3, 4), Code(4), 1, scale=0.5),
        "output": OutputFormat((5, 1, 1), None),
        "scale": (0.25,),
        "bias": (1.0, 2.0, 3.0, 4.0, 5.0),
        "counters": {name: k for k, name in enumerate(names)},
        "stages": ("a", "b"),
        "streams": (SpikeStream("x", 4, 24),),
        "memory_width": 64,
        "address_width": 32,
        "limit_cycles": 500,
    }
    return Manifest(**{**parts, **changes})


class Buffer(np.ndarray):  # type: ignore[type-arg]
    """As pynq's: an array with an address, in host memory of its own until it is synchronised."""

    device_address: int | None = None
    freed = False

    def __array_finalize__(self, source: Any) -> None:
        if isinstance(source, Buffer) and source.device_address is not None:
            self.device_address = source.device_address + self.ctypes.data - source.ctypes.data

    def sync_to_device(self) -> None:
        self.shell.memory[self.device_address] = np.asarray(self).copy()

    def sync_from_device(self) -> None:
        np.asarray(self)[...] = self.shell.memory[self.device_address]

    def freebuffer(self) -> None:
        self.freed = True
        self.shell.freed += 1


class Shell:
    """The registers. ``fault``: "", "hang", "memory" (no reads answered), "writes" (none taken),
    "draining" (an abort never ends), "clock" (stands still), "reset", "another" (a job that the
    host did not start), or an error bit, which the next job ends with.
    """

    def __init__(self, made: Manifest, fault: str = "") -> None:
        self.manifest, self.fault = made, fault
        self.values: dict[str, int] = {entry.name: 0 for entry in REGISTERS}
        self.memory: dict[int, np.ndarray] = {}
        self.cycle, self.high, self.end, self.left, self.freed = 0, 0, None, None, 0
        self.starts: list[dict[str, int]] = []
        self.identity = hashlib.sha256(made.to_json().encode()).hexdigest()
        self.values.update(
            magic=MAGIC,
            version=VERSION,
            capabilities=made.memory_width // 8,
            counter_count=len(made.counters),
        )
        self.clear()

    def clear(self) -> None:
        self.counts = dict.fromkeys(self.manifest.counters, 0)
        self.log: list[tuple[int, int]] = []

    def read(self, offset: int) -> int:
        self.cycle += READ_CYCLES if self.fault != "clock" else 0
        self.advance()
        if offset >= LOG:
            return self.entry((offset - LOG) // 8)[offset // 4 % 2]
        if offset >= COUNTERS:
            value = list(self.counts.values())[(offset - COUNTERS) // 8]
            return self.half(value, offset % 8)
        found = next(r for r in REGISTERS if r.offset <= offset < r.offset + r.size)
        if found.name == "identity":
            return int(self.identity[2 * (offset - 0x10) : 2 * (offset - 0x10) + 8], 16)
        return (
            self.half(self.value(found.name), offset - found.offset)
            if found.width == 64
            else self.value(found.name)
        )

    def half(self, value: int, offset: int) -> int:
        if offset == 0:
            self.high = value >> 32
            return value & 0xFFFF_FFFF
        return self.high

    def entry(self, place: int) -> tuple[int, int]:
        numbers = [k for k in range(len(self.log)) if k % LOG_DEPTH == place]
        return self.log[numbers[-1]]

    def value(self, name: str) -> int:
        latencies, intervals = (
            [entry[0] for entry in self.log],
            [entry[1] for entry in self.log if entry[1]],
        )
        if name == "cycle":
            return self.cycle
        if name == "status":
            return self.status()
        what, _, kind = name.partition("_")
        if what in ("latency", "interval"):
            numbers = latencies if what == "latency" else intervals
            return (
                {"count": len, "sum": sum}[kind](numbers)
                if kind in ("count", "sum")
                else {"min": min, "max": max}[kind](numbers)
            )
        return self.values[name]

    def status(self) -> int:
        fields = register("status")
        names = {name for name in ("done", "failed") if self.values["status"] & fields[name].mask}
        if self.end is not None:
            names.add("busy")
        if self.left is not None:
            names |= {"busy", "draining"}
        return sum(fields[name].mask for name in names)

    def write(self, offset: int, data: int) -> None:
        assert type(data) is int and 0 <= data < 1 << 32
        found = next(r for r in REGISTERS if r.offset <= offset < r.offset + r.size)
        if found.name == "control":
            self.control(data)
        elif found.name == "error":
            self.values["error"] &= ~data
        elif offset > found.offset:
            self.values[found.name] |= data << 32
        else:
            self.values[found.name] = data

    def control(self, data: int) -> None:
        fields = register("control")
        if data & fields["clear"].mask:
            self.clear()
        if data & fields["abort"].mask and self.end is not None:
            self.end, self.left = (
                None,
                float("inf") if self.fault == "draining" else self.cycle + 50,
            )
        if data & fields["start"].mask:
            self.start()

    def start(self) -> None:
        self.starts.append(dict(self.values))
        self.values.update(images_in=0, images_out=0, words_read=0, words_written=0, status=0)
        length = IMAGE_CYCLES * self.values["images"]
        self.end = (
            float("inf")
            if self.fault in ("hang", "memory", "writes", "draining")
            else self.cycle + length
        )

    def advance(self) -> None:
        """What happened until now."""
        if self.left is not None and self.cycle >= self.left:
            self.left = None
            self.values["status"] = register("status")["failed"].mask
        if self.end is None:
            return
        if self.end == float("inf"):
            busy = "a.stalled" if self.fault != "memory" else "a.starved"
            self.counts[busy] += READ_CYCLES
            self.counts["b.busy"] += READ_CYCLES // 2
            self.values["input_wait"] += READ_CYCLES if self.fault == "memory" else 0
            self.values["output_wait"] += READ_CYCLES if self.fault == "writes" else 0
        elif self.cycle >= self.end:
            self.end = None
            self.finish()

    def finish(self) -> None:
        v = self.values
        if self.fault in ("reset", "aborted"):
            v.update(status=0 if self.fault == "reset" else register("status")["failed"].mask)
            self.fault = ""
            return
        if self.fault:
            v.update(
                error=register("error")[self.fault].mask,
                status=register("status")["failed"].mask,
                images_out=1,
            )
            self.fault = ""
            return
        form, images = self.manifest.input, v["images"]
        words = found(self.memory[v["input_address"]].tobytes(), form, images)
        values = (
            (np.arange(self.manifest.output.beats) + 1)
            * form.code.value(words).sum(axis=1, keepdims=True)
            - 7
        ).astype("<i4")
        out = self.memory.setdefault(v["output_address"], np.zeros(1 << 20, dtype=np.uint8))
        raw = values.tobytes()
        out[: len(raw)] = np.frombuffer(raw, dtype=np.uint8)
        v.update(
            images_in=images,
            images_out=images,
            words_read=v["input_words"],
            words_written=-(-len(raw) // 8),
        )
        v.update(status=register("status")["done"].mask, job_cycles=IMAGE_CYCLES * images)
        self.log += [(LATENCY + k, IMAGE_CYCLES * (k > 0)) for k in range(images)]
        self.count(words)

    def count(self, words: np.ndarray) -> None:
        planes = self.manifest.input.code.planes(words).reshape(4, -1).sum(axis=1)
        grown = {
            "a.busy": 60,
            "a.starved": 40,
            "b.busy": 30,
            "b.stalled": 70,
            "a.synaptic": 11,
            "b.synaptic": 5,
        }
        for name, each in grown.items():
            self.counts[name] += each * len(words)
        self.counts["x.nonzero"] += int(np.count_nonzero(words))
        for t in range(4):
            self.counts[f"x.spikes[{t}]"] += int(planes[t])


class Board:
    """Stands in for pynq: ``shell`` behind the one device."""

    def __init__(
        self,
        shell: Shell,
        simulated: bool = True,
        version: str = "4.0.0",
        rails: dict[str, Any] | None = None,
    ) -> None:
        self.shell, self.next, self.room = shell, 0x1000_0000, 1 << 30
        self.module = SimpleNamespace(
            __version__=version,
            Device=SimpleNamespace(active_device=SimpleNamespace(simulated=simulated)),
            Overlay=lambda path, device: SimpleNamespace(ip_dict=self.ip_dict),
            MMIO=lambda base, length, device: shell,
            allocate=self.allocate,
            Clocks=SimpleNamespace(fclk0_mhz=50.0),
            get_rails=lambda: rails or {},
        )
        self.ip_dict = {
            "shell_0": {
                "type": "spikeloom:spikeloom:shell:1.0",
                "phys_addr": BASE,
                "addr_range": 0x10000,
            }
        }

    def allocate(self, shape: tuple[int, ...], dtype: Any, target: Any) -> Buffer:
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if size > self.room:
            raise RuntimeError("Failed to allocate Memory!")
        made = np.zeros(shape, dtype).view(Buffer)
        made.device_address, made.shell = self.next, self.shell
        self.shell.memory[self.next] = np.zeros(size, dtype=np.uint8)
        self.next += -(-size // 4096) * 4096
        return made


def opened(patch: pytest.MonkeyPatch, folder: Path, shell: Shell, **options: Any) -> Board:
    """Make a board the one that ``import pynq`` finds, with a bitstream and manifest in
    ``folder``.
    """
    board = Board(shell, **options)
    patch.setitem(sys.modules, "pynq", board.module)
    for path in (environment.VENV, environment.BOARD_NAME):
        assert not path.exists()
    (folder / "fake.bit").write_bytes(b"")
    (folder / "fake.hwh").write_bytes(b"")
    (folder / "manifest.json").write_text(shell.manifest.to_json(), encoding="utf-8")
    return board
