"""A plan to Verilog and its manifest: ``rtl/top.v``, ``manifest.json`` and ``rtl/shell.v``, the
same bytes every time.

For a Zynq-7000 also ``rtl/ps7_top.v``: the shell below the processing system itself, without vendor
IP.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt
from amaranth import Fragment
from spikeloom.files import save_text
from spikeloom.interface.boards import find_board
from spikeloom.interface.manifest import InputFormat, Manifest, OutputFormat, Readout, SpikeStream
from spikeloom.mapping.plan.counters import counter_map
from spikeloom.mapping.plan.plan import Plan, Stage
from spikeloom.mapping.plan.plan_file import hashes

from .fingerprint import ENGINE, mark
from .memory.loading import load_stream
from .ps7.top import Ps7Top
from .shell.shell import Pins, Shell
from .top import Top
from .verilog import converted


def network_files(plan: Plan) -> dict[str, str]:
    """The whole network by file: ``top.v`` with the module ``top``, and the memories that it reads
    from files, see :data:`spikeloom_hw.memory.weights.MOST_INSIDE`.
    """
    top = Top(plan)
    text, outside = converted(top, "top"), top.outside()
    text = "\n".join([text, *(memory.verilog() for memory in outside)])
    return {"top.v": text, **{memory.file: memory.contents() for memory in outside}}


def verilog_text(plan: Plan) -> str:
    """The whole network as Verilog; its top module is ``top``."""
    return network_files(plan)["top.v"]


def load_words(plan: Plan) -> npt.NDArray[np.uint32]:
    """The stream that loads this plan's weights into hardware of its shape; empty where they are
    fixed.
    """
    if not plan.rooms:
        return np.zeros(0, dtype=np.uint32)
    top = Top(plan)
    Fragment.get(top, None)
    return load_stream(top.contents())


def shell_text(manifest: Manifest) -> str:
    """The AXI shell around the module ``top``; its top module is ``shell``. It carries the
    manifest's identity.
    """
    return converted(Pins(shell=Shell(manifest=manifest)), "shell")


def ps7_text(manifest: Manifest) -> str:
    """The processing system of a Zynq-7000 around the module ``shell``; its top module is
    ``ps7_top``, without ports.
    """
    return converted(Ps7Top(manifest=manifest), "ps7_top")


def most_cycles(stage: Stage) -> int:
    """Cycles that one stage can at most take for one image, whatever the spikes: filling, scanning
    and handing on never overlap.
    """
    f = stage.folding
    results = stage.positions * stage.folds * (stage.planes if stage.per_step else 1)
    per_word = -(-f.group // f.banks // f.ports) if stage.body.skips else 1
    filling = stage.i_shape[1] * stage.i_shape[2] * stage.i_shape[0]
    scanning = stage.positions * stage.folds * stage.planes * stage.pass_words * per_word
    handing_on = (
        results * (stage.neuron_cycles + stage.body_cycles + 4)
        + stage.o_shape[0] * stage.o_shape[1] * stage.o_shape[2] * 2
    )
    return filling + scanning + handing_on


def limit_cycles(plan: Plan) -> int:
    """No transfer for so long is a hang: twice what the whole pipeline could take for an image if
    nothing overlapped.
    """
    engines = [e for stage in plan.stages for e in (stage, stage.skip_stage) if e is not None]
    return (
        1000
        + 2 * sum(most_cycles(engine) for engine in engines)
        + 2 * sum(edge.depth for edge in plan.edges)
    )


def spike_streams(plan: Plan) -> Iterator[SpikeStream]:
    """Every node whose spikes are counted."""
    for node in plan.graph.nodes:
        code = plan.graph.codes[node.name]
        if code is not None:
            yield SpikeStream(node.name, code.steps, prod(plan.graph.shapes[node.name]))


def manifest(plan: Plan, top: str) -> Manifest:
    """What a user of the hardware with the Verilog text ``top`` must know."""
    graph = plan.graph
    source, known = graph.input, hashes(plan)
    return Manifest(
        name=graph.name,
        network_sha256=known.network,
        plan_sha256=known.plan,
        weights_sha256=known.weights,
        top_sha256=hashlib.sha256(top.encode()).hexdigest(),
        board=plan.board,
        clock_mhz=plan.clock_mhz,
        input=InputFormat(
            shape=source.shape,
            real_shape=source.real_shape,
            code=source.code,
            group=plan.input_group,
            scale=source.scale,
            zero_point=source.zero_point,
            narrow=source.narrow,
            events=source.events,
        ),
        output=OutputFormat(graph.shapes[graph.output.name], graph.codes[graph.output.name]),
        scale=readout(plan).scale,
        bias=readout(plan).bias,
        counters=dict(counter_map(plan)),
        stages=tuple(stage.name for stage in plan.stages),
        streams=tuple(spike_streams(plan)),
        memory_width=find_board(plan.board).memory_width,
        address_width=find_board(plan.board).address_width,
        limit_cycles=limit_cycles(plan),
        load_words=len(load_words(plan)),
        readouts=tuple(readout(found) for found in (*plan.fewer, plan)) if plan.fewer_steps else (),
    )


def readout(plan: Plan) -> Readout:
    """Scale and bias of the network's output."""
    return Readout(
        tuple(float(s) for s in plan.graph.scale), tuple(float(b) for b in plan.graph.bias)
    )


def emit(plan: Plan, folder: Path | str) -> Manifest:
    """Write ``rtl/top.v`` with the memories that it reads, ``manifest.json``, ``rtl/shell.v`` and
    for a Zynq-7000 ``rtl/ps7_top.v`` into ``folder``, made if missing.

    At last ``rtl/engine.sha256``, by which :func:`.fingerprint.current` knows it again.
    """
    folder = Path(folder)
    (folder / "rtl").mkdir(parents=True, exist_ok=True)
    (folder / ENGINE).unlink(missing_ok=True)
    texts = network_files(plan)
    made = manifest(plan, texts["top.v"])
    for old in (folder / "rtl").glob("*.mem"):
        if old.is_file():
            old.unlink()
    for name, text in texts.items():
        save_text(folder / "rtl" / name, text)
    save_text(folder / "manifest.json", made.to_json())
    (folder / "rtl" / "ps7_top.v").unlink(missing_ok=True)
    for name, text in wrappers(made).items():
        save_text(folder / "rtl" / name, text)
    save_text(folder / ENGINE, mark(made.top_sha256))
    return made


def wrappers(made: Manifest) -> dict[str, str]:
    """Verilog around the network by file: the shell, and for a Zynq-7000 the top with its
    processing system.
    """
    found = {"shell.v": shell_text(made)}
    if find_board(made.board).family == "xc7":
        found["ps7_top.v"] = ps7_text(made)
    return found
