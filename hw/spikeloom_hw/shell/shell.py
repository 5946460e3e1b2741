"""The shell: control bus, memory port, and everything between them and the network.

                            weights
                               ▲
              ┌─► feed ────────┘
memory ─► reader ─► gearbox ─► gate ─► network ─► packer ─► writer ─► memory
             ▲                  │         │          │         ▲
control ─► lite ─► bank ─► job ─┴──── monitor ───────┴─────────┘
"""

from __future__ import annotations

from amaranth import (
    ClockDomain,
    ClockSignal,
    Const,
    Module,
    Mux,
    ResetInserter,
    ResetSignal,
    Signal,
)
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from spikeloom.interface.manifest import Manifest
from spikeloom.interface.registers import ADDRESS_WIDTH

from .axi import word_bits
from .bank import Bank
from .engine import Engine
from .feed import Feed
from .gate import Gate
from .gearbox import Gearbox
from .job import QUIET, Job
from .lite import Lite, lite_ports
from .monitor import FIGURES, Monitor
from .packer import Packer
from .reader import Reader
from .writer import Writer

STATUS = tuple(f"status_{name}" for name in ("busy", "done", "failed", "draining", "weights"))

CONTROL, MEMORY = "s_axi_control", "m_axi_memory"


def memory_ports(width: int, address_width: int) -> dict[str, wiring.Member]:
    """An AXI4 master without IDs, flat names without a prefix."""
    address = {
        "addr": address_width,
        "len": 8,
        "size": 3,
        "burst": 2,
        "cache": 4,
        "prot": 3,
        "valid": 1,
    }
    channels = {f"{way}{name}": Out(bits) for way in ("ar", "aw") for name, bits in address.items()}
    return {
        **channels,
        "arready": In(1),
        "awready": In(1),
        "rdata": In(width),
        "rresp": In(2),
        "rlast": In(1),
        "rvalid": In(1),
        "rready": Out(1),
        "wdata": Out(width),
        "wstrb": Out(width // 8),
        "wlast": Out(1),
        "wvalid": Out(1),
        "wready": In(1),
        "bresp": In(2),
        "bvalid": In(1),
        "bready": Out(1),
    }


def shell_ports(manifest: Manifest) -> dict[str, wiring.Member]:
    """All ports but clock and reset."""
    control = {f"{CONTROL}_{name}": member for name, member in lite_ports(ADDRESS_WIDTH).items()}
    memory = {
        f"{MEMORY}_{name}": member
        for name, member in memory_ports(manifest.memory_width, manifest.address_width).items()
    }
    return {**control, **memory}


class Shell(wiring.Component):
    """Everything in one clock domain.

    Parameters
    ----------
    manifest: of the network. engine: the network; an instance of the Verilog module ``top`` unless
        given. quiet: see Job.

    Ports
    -----
    s_axi_control_*: AXI4-Lite slave, see ``spikeloom.interface.registers``. m_axi_memory_*: AXI4
        master, one ID.
    """

    def __init__(self, *, manifest: Manifest, engine: Engine | None = None, quiet: int = QUIET):
        self.manifest, self.quiet = manifest, quiet
        loads, steps = manifest.load_words > 0, manifest.steps > 0
        self.engine = engine or Engine(
            beat_bytes=manifest.input.beat_bytes, loads=loads, steps=steps
        )
        super().__init__(shell_ports(manifest))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        source, width, address_width = (
            self.manifest.input,
            self.manifest.memory_width,
            self.manifest.address_width,
        )
        code, group = source.code, source.group
        m.submodules.lite = self.lite = Lite(address_width=ADDRESS_WIDTH)
        m.submodules.bank = self.bank = Bank(
            address_width=address_width,
            memory_width=width,
            counters=len(self.manifest.counters),
            identity=self.manifest.identity,
            runtime_weights=self.engine.loads,
            steps=self.manifest.steps,
        )
        m.submodules.job = self.job = Job(
            word_bytes=width // 8,
            load_words=-(-self.manifest.load_words * 32 // width),
            quiet=self.quiet,
        )
        m.submodules.monitor = self.monitor = Monitor()
        m.submodules.engine = self.engine
        self.reader = Reader(width=width, address_width=address_width)
        self.gearbox = Gearbox(
            width=width, container=source.container_bits, steps=code.steps, group=group
        )
        self.gate = Gate(width=group * code.steps, beats=source.beats)
        self.packer = Packer(width=width)
        self.feed = Feed(width=width) if self.engine.loads else None
        self.writer = Writer(width=width, address_width=address_width)
        for name in ("reader", "gearbox", "gate", "packer", "writer"):
            m.submodules[name] = ResetInserter(self.job.flush)(getattr(self, name))
        if self.feed is not None:
            m.submodules.feed = ResetInserter(self.job.flush)(self.feed)
        self.control(m)
        self.memory(m)
        self.data(m)
        self.measure(m)
        self.job_side(m)
        return m

    def control(self, m: Module) -> None:
        """Bus, registers, and what they read."""
        lite, bank, job = self.lite, self.bank, self.job
        for name, member in lite_ports(ADDRESS_WIDTH).items():
            port = getattr(self, f"{CONTROL}_{name}")
            m.d.comb += (
                getattr(lite, name).eq(port) if member.flow is In else port.eq(getattr(lite, name))
            )
        m.d.comb += [
            *(
                getattr(bank, name).eq(getattr(lite, name))
                for name in ("write", "write_address", "write_data", "read", "read_address")
            ),
            lite.data.eq(bank.data),
            *(
                getattr(bank, name).eq(getattr(self.monitor, name))
                for name in (*FIGURES, "cycle", "log_data")
            ),
            self.monitor.log_address.eq(bank.log_address),
            *(getattr(bank, name).eq(getattr(job, name)) for name in ("error_set", "job_cycles")),
            *(getattr(bank, name).eq(getattr(job, name)) for name in STATUS),
            bank.status_active.eq(self.monitor.flying),
            bank.images_in.eq(self.gate.images_in),
            bank.images_out.eq(self.packer.images_out),
            bank.words_read.eq(self.reader.words_read),
            bank.words_written.eq(self.writer.words_written),
        ]

    def memory(self, m: Module) -> None:
        """The flat AXI4 port."""
        reader, writer = self.reader, self.writer

        def port(name: str) -> Signal:
            return getattr(self, f"{MEMORY}_{name}")

        for way, channel in (("ar", reader.ar), ("aw", writer.aw)):
            m.d.comb += [
                port(f"{way}addr").eq(channel.payload.addr),
                port(f"{way}len").eq(channel.payload.len),
                port(f"{way}size").eq(word_bits(self.manifest.memory_width)),
                port(f"{way}burst").eq(1),
                port(f"{way}cache").eq(0b0011),
                port(f"{way}prot").eq(0),
                port(f"{way}valid").eq(channel.valid),
                channel.ready.eq(port(f"{way}ready")),
            ]
        m.d.comb += [
            *(
                getattr(reader.r.payload, name).eq(port(f"r{name}"))
                for name in ("data", "resp", "last")
            ),
            reader.r.valid.eq(port("rvalid")),
            port("rready").eq(reader.r.ready),
            *(
                port(f"w{name}").eq(getattr(writer.w.payload, name))
                for name in ("data", "strb", "last")
            ),
            port("wvalid").eq(writer.w.valid),
            writer.w.ready.eq(port("wready")),
            writer.b.payload.eq(port("bresp")),
            writer.b.valid.eq(port("bvalid")),
            port("bready").eq(writer.b.ready),
        ]

    def data(self, m: Module) -> None:
        """From memory words to memory words."""
        engine, gate, packer = self.engine, self.gate, self.packer
        self.split(m)
        if self.manifest.steps:
            # The network may still work on rows that no output needs: it changes its steps in a
            # reset alone.
            with m.If(self.job.reset):
                m.d.sync += engine.steps.eq(self.bank.steps)
            m.d.comb += self.bank.steps_run_now.eq(engine.steps)
        wiring.connect(m, self.gearbox.o, gate.i)
        wiring.connect(m, packer.o, self.writer.i)
        m.d.comb += [
            engine.reset.eq(self.job.reset),
            engine.s_axis_tdata.eq(gate.o.payload),
            engine.s_axis_tvalid.eq(gate.o.valid),
            gate.o.ready.eq(engine.s_axis_tready),
            packer.i.payload.data.eq(engine.m_axis_tdata),
            packer.i.payload.last.eq(engine.m_axis_tlast),
            packer.i.valid.eq(engine.m_axis_tvalid),
            engine.m_axis_tready.eq(packer.i.ready),
            engine.counter_address.eq(self.bank.counter_address),
            self.bank.counter_data.eq(engine.counter_data),
        ]

    def split(self, m: Module) -> None:
        """Memory words go into the network, or into its weight memories."""
        reader, gearbox, feed, loading = self.reader.o, self.gearbox.i, self.feed, self.job.loading
        if feed is None:
            wiring.connect(m, reader, gearbox)
            return
        m.d.comb += [
            *(part.payload.eq(reader.payload) for part in (gearbox, feed.i)),
            gearbox.valid.eq(reader.valid & ~loading),
            feed.i.valid.eq(reader.valid & loading),
            reader.ready.eq(Mux(loading, feed.i.ready, gearbox.ready)),
            feed.go.eq(self.job.go & loading),
            self.engine.load_start.eq(self.job.go & loading),
            self.engine.load_valid.eq(feed.valid & self.job.running),
            self.engine.load_data.eq(feed.data),
            self.bank.load_words.eq(feed.words),
            self.bank.load_crc.eq(feed.crc),
        ]

    def measure(self, m: Module) -> None:
        """Where the monitor looks."""
        monitor, gate, packer = self.monitor, self.gate, self.packer
        # A reset clears as well: the counters of the network have none of their own.
        clear = Signal(init=1)
        m.d.sync += clear.eq(self.bank.control_clear)
        m.d.comb += [
            monitor.started.eq(gate.started),
            monitor.finished.eq(packer.finished),
            monitor.waits_input.eq(gate.waiting),
            monitor.waits_output.eq(packer.waiting),
            monitor.go.eq(self.job.go),
            monitor.flush.eq(self.job.flush),
            monitor.clear.eq(clear),
            self.engine.counter_clear.eq(clear),
            gate.flying.eq(monitor.flying),
            gate.room.eq(monitor.room),
        ]

    def job_side(self, m: Module) -> None:
        """What the job tells the others, and they it."""
        job, bank, reader, writer = self.job, self.bank, self.reader, self.writer
        gate, packer = self.gate, self.packer
        for part in (reader, writer):
            m.d.comb += [part.begin.eq(job.begin), part.go.eq(job.go), part.stop.eq(job.stop)]
        for part in (gate, packer):
            m.d.comb += [
                part.begin.eq(job.begin),
                part.go.eq(job.go & ~job.loading),
                part.open.eq(job.running & ~job.loading),
                part.last_image.eq(job.last_image),
            ]
        m.d.comb += [
            *(
                getattr(job, name).eq(getattr(bank, f"control_{name}"))
                for name in ("start", "load", "abort")
            ),
            *(
                getattr(job, name).eq(getattr(bank, name))
                for name in ("images", "input_words", "watchdog")
            ),
            job.input_low.eq(bank.input_address),
            job.output_low.eq(bank.output_address),
            reader.address.eq(bank.input_address),
            reader.words.eq(bank.input_words),
            writer.address.eq(bank.output_address),
        ]
        with m.If(job.go):
            m.d.sync += gate.single.eq(bank.settings)
        self.told(m)

    def told(self, m: Module) -> None:
        """What the job hears of the others, one cycle later."""
        job, reader, writer = self.job, self.reader, self.writer
        gate, packer = self.gate, self.packer
        fed_word = self.feed.valid if self.feed is not None else Const(0)
        m.d.sync += [
            job.read_slverr.eq(reader.slverr),
            job.read_decerr.eq(reader.decerr),
            job.write_slverr.eq(writer.slverr),
            job.write_decerr.eq(writer.decerr),
            job.protocol.eq(reader.protocol | writer.protocol),
            job.responded.eq(reader.r.valid | writer.b.valid),
            job.moved.eq(
                reader.moved
                | writer.moved
                | (gate.o.valid & gate.o.ready)
                | (packer.i.valid & packer.i.ready)
                | fed_word
            ),
            job.leftover.eq((~reader.complete | ~reader.empty | self.gearbox.whole) & ~job.loading),
        ]
        ended = gate.exhausted & writer.complete
        dry = reader.complete & reader.empty & ~self.gearbox.o.valid & ~gate.exhausted
        if self.feed is not None:
            fed = reader.complete & reader.empty & self.feed.empty
            ended = Mux(job.loading, fed & self.engine.load_done, ended)
            dry = Mux(job.loading, fed & self.feed.late & ~self.engine.load_done, dry)
        m.d.sync += [job.ended.eq(ended), job.dry.eq(dry)]
        m.d.comb += [
            job.sending.eq(reader.asking | writer.sending),
            job.awaiting.eq(reader.awaiting | writer.awaiting),
        ]


class Pins(wiring.Component):
    """The shell with clock and reset as AXI names them: the module ``shell``.

    Ports
    -----
    aclk; aresetn: active low, synchronous. The others: see Shell.
    """

    def __init__(self, *, shell: Shell):
        self.shell = shell
        super().__init__({"aclk": In(1), "aresetn": In(1), **shell_ports(shell.manifest)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = ClockDomain(local=True)
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]
        m.submodules.core = self.shell
        for name, member in shell_ports(self.shell.manifest).items():
            inner, outer = getattr(self.shell, name), getattr(self, name)
            m.d.comb += inner.eq(outer) if member.flow is In else outer.eq(inner)
        return m
