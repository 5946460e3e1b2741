"""How a measurement is taken: which jobs run, and what is read after each."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spikeloom.driver import power
from spikeloom.driver.errors import MismatchError
from spikeloom.driver.figures import Power, StageFigures, StreamFigures, Traffic
from spikeloom.driver.jobs import Done
from spikeloom.driver.measurement import Measurement
from spikeloom.driver.words import Array, Images, output_passes
from spikeloom.interface.figures import Spread
from spikeloom.interface.manifest import Manifest
from spikeloom.interface.registers import LOG_DEPTH
from spikeloom.progress import Progress

if TYPE_CHECKING:
    from spikeloom.driver.session import Batch, Session

ALONE = 32
"""Jobs of one image, for the time from start to done."""


@dataclass(frozen=True, eq=False)
class Phase:
    """One way of running all images: its batch, latency of each image, interval between neighbours
    of one job, counters at the end.
    """

    batch: Batch
    latency: list[int]
    interval: list[int]
    counters: Mapping[str, int]


def run(session: Session, images: Images, single: bool, progress: Progress) -> Phase:
    """All images from cleared counters, the log read after every job. Raises MismatchError if log
    and registers do not agree.
    """
    port, name = session.loaded.port, "single" if single else "stream"
    port.set("control", "clear")
    latency: list[int] = []
    interval: list[int] = []
    progress(name, 0, len(images))

    def after(job: Done) -> None:
        entries = port.log(len(latency), job.images)
        latency.extend(int(n) for n in entries[0])
        interval.extend(int(n) for n in entries[1][1:])
        progress(name, len(latency), len(images))

    batch = session.batch(images, session.real, single=single, most=LOG_DEPTH, after=after)
    # A strided layer may still work on rows that no output needed; its spikes and operations count
    # as well.
    port.wait(session.manifest.limit_cycles)
    check_log(session, "latency", latency)
    check_log(session, "interval", interval)
    return Phase(batch, latency, interval, port.counters())


def check_log(session: Session, what: str, logged: list[int]) -> None:
    """The log and the sums in registers are counted apart, and must be the same."""
    port = session.loaded.port
    expected = [len(logged), sum(logged), *((min(logged), max(logged)) if logged else ())]
    names = ("count", "sum", "min", "max")[: len(expected)]
    found = [port.read(f"{what}_{name}") for name in names]
    if found != expected:
        raise MismatchError(
            f"{what}: the log says {expected}, the registers say {found} ({', '.join(names)}):"
            " measure again"
        )


def streams(
    manifest: Manifest, counters: Mapping[str, int], images: int
) -> tuple[StreamFigures, ...]:
    return tuple(
        StreamFigures(
            stream.name,
            stream.words * images,
            tuple(counters[f"{stream.name}.spikes[{t}]"] for t in range(stream.steps)),
            counters[f"{stream.name}.nonzero"],
            counters.get(f"{stream.name}.crc"),
        )
        for stream in manifest.streams
    )


def stages(manifest: Manifest, counters: Mapping[str, int]) -> tuple[StageFigures, ...]:
    return tuple(
        StageFigures(
            name,
            counters[f"{name}.synaptic"] + counters.get(f"{name}.skip.synaptic", 0),
            *(counters[f"{name}.{kind}"] for kind in ("busy", "starved", "stalled")),
        )
        for name in manifest.stages
    )


def single_image_jobs(
    session: Session, images: Images, progress: Progress
) -> tuple[list[int], list[float]]:
    """Cycles from start to done, and host seconds, of images that are jobs of their own."""
    cycles, seconds = [], []
    count = min(len(images), ALONE)
    for k in range(count):
        progress("alone", k, count)
        image = images.part(k, k + 1)
        begin = time.perf_counter()
        batch = session.batch(image, session.real)
        seconds.append(time.perf_counter() - begin)
        cycles.append(batch.cycles)
    progress("alone", count, count)
    return cycles, seconds


def measure(
    session: Session, images: Images, power_seconds: float, progress: Progress
) -> Measurement:
    """See :meth:`spikeloom.driver.Accelerator.measure`."""
    loaded, manifest = session.loaded, session.manifest
    single = run(session, images, True, progress)
    stream = run(session, images, False, progress)
    waits = [loaded.port.read(name) for name in ("input_wait", "output_wait")]
    counted = streams(manifest, stream.counters, len(images))
    if counted != streams(manifest, single.counters, len(images)) or not np.array_equal(
        single.batch.results, stream.batch.results
    ):
        raise MismatchError(
            f"{manifest.name}: one image at a time gave other results or spikes than the pipeline"
            " kept full; measure again"
        )
    cycles, seconds = single_image_jobs(session, images, progress)
    timed = None if loaded.simulated else Spread.of(seconds)
    found = power.sensors(loaded.pynq) if not loaded.simulated else {}
    measured = measure_power(session, images, found, power_seconds, progress) if found else None
    into, out = (
        traffic(stream.batch, images, manifest, loaded.simulated, back) for back in (False, True)
    )
    return Measurement(
        source=session.source,
        network=manifest.name,
        identity=loaded.identity,
        board=manifest.board,
        pynq=str(loaded.pynq.__version__),
        clock_mhz=loaded.clock_mhz,
        images=len(images),
        latency=Spread.of(single.latency),
        latencies=tuple(single.latency),
        start_to_done=Spread.of(cycles),
        host=timed,
        interval=Spread.of(stream.interval) if stream.interval else None,
        stream_cycles=stream.batch.cycles,
        streams=counted,
        single=stages(manifest, single.counters),
        stream=stages(manifest, stream.counters),
        input=into,
        output=out,
        input_wait=waits[0],
        output_wait=waits[1],
        power=measured,
        power_reason=(
            ""
            if measured is not None
            else power.reason_without(manifest.board, found, loaded.simulated)
        ),
        steps=session.steps or None,
    )


def traffic(
    batch: Batch, images: Images, manifest: Manifest, simulated: bool, back: bool
) -> Traffic:
    """What moved in one direction with the pipeline kept full."""
    words = sum(job.words_written if back else job.words_read for job in batch.jobs)
    seconds = batch.output_seconds if back else batch.input_seconds
    passes = output_passes(manifest.output) if back else images.passes
    return Traffic(words * manifest.memory_width // 8, passes, None if simulated else seconds)


def measure_power(
    session: Session,
    images: Images,
    found: power.Sensors,
    seconds: float,
    progress: Progress,
) -> Power | None:
    """Rails while one full buffer of images runs again and again; the host copies nothing
    meanwhile.
    """
    progress("power", 0, 0)
    count = min(len(images), session.buffers.reserve(len(images)))
    session.fill(images, 0, count)
    into, out = session.buffers.input, session.buffers.output
    return power.measure(
        found, lambda: session.run(into, out, count), max(seconds, power.LEAST_SECONDS)
    )


def throughput(session: Session, images: Images) -> dict[str, Any]:
    """See :meth:`spikeloom.driver.Accelerator.throughput_test`."""
    loaded, manifest = session.loaded, session.manifest
    count = min(len(images), session.buffers.reserve(len(images)))
    spent: dict[str, float] = {}

    def timed(what: str, act: Any) -> Any:
        begin = time.perf_counter()
        result = act()
        spent[what] = 1000 * (time.perf_counter() - begin)
        return result

    if manifest.input.container_bits < 8:
        timed("pack_input[ms]", lambda: session.put(images, 0, count))
        timed("copy_input_data_to_device[ms]", session.buffers.input.sync_to_device)
    else:
        timed("copy_input_data_to_device[ms]", lambda: session.fill(images, 0, count))
    into, out = session.buffers.input, session.buffers.output
    done: Done = timed("runtime[ms]", lambda: session.run(into, out, count))
    timed("copy_output_data_from_device[ms]", out.sync_from_device)
    results: Array = session.results(count)
    timed("unpack_output[ms]", lambda: session.real(results))
    seconds = (
        done.cycles / loaded.clock_mhz / 1e6 if loaded.simulated else spent["runtime[ms]"] / 1000
    )
    host = {
        name: None if loaded.simulated else value
        for name, value in spent.items()
        if name != "runtime[ms]"
    }
    nothing = (
        None if loaded.simulated else 0.0
    )  # the fabric makes planes and groups, results leave in order, and bytes are not packed
    word = manifest.memory_width / 8
    return {
        "source": session.source,
        "runtime[ms]": 1000 * seconds,
        "throughput[images/s]": count / seconds,
        "DRAM_in_bandwidth[MB/s]": done.words_read * word * 1e-6 / seconds,
        "DRAM_out_bandwidth[MB/s]": done.words_written * word * 1e-6 / seconds,
        "fclk[mhz]": loaded.clock_mhz,
        "batch_size": count,
        "fold_input[ms]": nothing,
        "pack_input[ms]": nothing,
        **host,
        "unfold_output[ms]": nothing,
    }
