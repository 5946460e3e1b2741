"""Latency, intervals and counters of a whole network, from a plan and input words."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from spikeloom.errors import SpikeLoomError
from spikeloom.ir import golden
from spikeloom.ir.number import Ints
from spikeloom.mapping.cycle_model import stage as engine
from spikeloom.mapping.cycle_model import streams
from spikeloom.mapping.cycle_model.events import Channel, Engine, Times
from spikeloom.mapping.cycle_model.scan import Work
from spikeloom.mapping.plan.checksums import checksums
from spikeloom.mapping.plan.engines import alone
from spikeloom.mapping.plan.plan import Edge, Plan, Stage

ONE_AT_A_TIME = "one at a time"
BACK_TO_BACK = "back to back"


@dataclass(frozen=True)
class StageTiming:
    """Active cycles of one accumulator array by what it did, and the synapses that added their
    weight.
    """

    busy: int
    stalled: int
    starved: int
    synaptic: int


@dataclass(frozen=True, eq=False)
class StreamCounts:
    """What one node fired: set bits per plane (T,), words that are not zero, and the CRC of its
    beats where the hardware keeps one.
    """

    spikes: Ints
    nonzero: int
    crc: int | None


@dataclass(frozen=True, eq=False)
class Timing:
    """All times are numbers of cycles since the source was first allowed to offer.

    Attributes
    ----------
    first: (N,) cycle in which the first input beat of each image was taken.
    last: (N,) cycle in which its last output value was taken.
    cycles: active cycles: those with an image in flight.
    stages: per accumulator array; the one of a residual is named ``<layer>.skip``.
    streams: per node, the input among them; none for the integer output.
    """

    mode: str
    first: Ints
    last: Ints
    cycles: int
    stages: dict[str, StageTiming]
    streams: dict[str, StreamCounts]

    @property
    def latency(self) -> Ints:
        """(N,) cycles from the first input beat to the last output value, both counted."""
        return self.last - self.first + 1

    @property
    def intervals(self) -> Ints:
        """(N - 1,) cycles between the last output values of images that follow each other."""
        return np.diff(self.last)

    def counters(self) -> dict[str, int]:
        """The counters in fabric by name, as they stand when everything has drained."""
        found = {"cycles": self.cycles, "images": len(self.last)}
        for name, stage in self.stages.items():
            found |= {
                f"{name}.{what}": getattr(stage, what)
                for what in ("busy", "stalled", "starved", "synaptic")
            }
        for name, counts in self.streams.items():
            found[f"{name}.nonzero"] = counts.nonzero
            found |= {f"{name}.spikes[{t}]": int(count) for t, count in enumerate(counts.spikes)}
            found |= {f"{name}.crc": counts.crc} if counts.crc is not None else {}
        return found


def simulate(
    plan: Plan,
    words: Ints,
    mode: str = ONE_AT_A_TIME,
    *,
    offers: Sequence[int] | None = None,
    accepts: Callable[[int], int] | None = None,
) -> Timing:
    """Run images through the engine, in time only; the data are the golden model's.

    Parameters
    ----------
    plan: what to run.
    words: (N, C, H, W) input words.
    mode: "one at a time": the first beat of an image is offered in the cycle after the last output
        value of the one before; "back to back": as soon as the input takes it.
    offers: earliest cycle for each input beat of all images, if the source has gaps.
    accepts: the first cycle >= t in which the sink is ready, if it is not always.

    Raises
    ------
    SpikeLoomError: unknown mode, words of another shape, or a network that would hang.
    """
    if mode not in (ONE_AT_A_TIME, BACK_TO_BACK):
        raise SpikeLoomError(f"mode must be {ONE_AT_A_TIME!r} or {BACK_TO_BACK!r}, got {mode!r}")
    if not len(words) or words.shape[1:] != plan.graph.input.shape:
        raise SpikeLoomError(
            f"input words: expected at least one image of {plan.graph.input.shape}, got shape"
            f" {words.shape}"
        )
    return simulate_trace(
        plan, golden.trace(plan.graph, words), mode, offers=offers, accepts=accepts
    )


def simulate_trace(
    plan: Plan,
    trace: dict[str, Ints],
    mode: str,
    *,
    offers: Sequence[int] | None = None,
    accepts: Callable[[int], int] | None = None,
) -> Timing:
    """The same for words of every node, node -> (N, C, H, W), whatever they come from."""
    alone(plan.program)
    model = Model(plan, trace)
    channels, height, width = plan.graph.input.shape
    beats = channels // plan.input_group * height * width
    answered = model.run(beats, mode == ONE_AT_A_TIME, offers, accepts)
    taken = np.array(model.outputs[plan.graph.input.name].done, dtype=np.int64)
    first, last = taken[::beats], np.array(answered, dtype=np.int64)
    active = Active(first, last)
    stages = {
        name: active.split(model.passes[name], int(model.work[name].synaptic.sum()))
        for name in model.passes
    }
    return Timing(mode, first, last, active.total, stages, stream_counts(plan, model.trace))


def stream_counts(plan: Plan, trace: dict[str, Ints]) -> dict[str, StreamCounts]:
    counts, crcs = {}, checksums(plan, trace) if plan.checksums else {}
    for name, words in trace.items():
        code = plan.graph.codes[name]
        if code is not None:
            spikes = code.planes(words).sum(axis=(1, 2, 3, 4))
            counts[name] = StreamCounts(
                spikes, int(np.count_nonzero(words)), crcs.get(f"{name}.crc")
            )
    return counts


class Active:
    """The cycles with an image in flight: after its first input beat, up to its last output
    value.
    """

    def __init__(self, first: Ints, last: Ints) -> None:
        times = np.concatenate([first, last])
        order = np.argsort(times, kind="stable")
        flight = np.cumsum(np.repeat([1, -1], [len(first), len(last)])[order])
        self.times = times[order]
        spans = np.diff(self.times, append=self.times[-1:]) * (flight != 0)
        self.flying = flight != 0
        self.before = np.concatenate([[0], np.cumsum(spans)])[:-1]

    @property
    def total(self) -> int:
        return int(self.before[-1])

    def until(self, time: array[int]) -> Ints:
        """Active cycles up to and including each time."""
        t = np.frombuffer(time, dtype=np.int64)
        at = np.searchsorted(self.times, t, side="right") - 1
        inside = np.maximum(at, 0)
        return np.where(
            at < 0, 0, self.before[inside] + self.flying[inside] * (t - self.times[inside])
        )

    def split(self, passes: engine.Passes, synaptic: int) -> StageTiming:
        """What a stage did in the active cycles."""
        start, pop, advance = (
            self.until(times) for times in (passes.before, passes.last_pop, passes.advance)
        )
        busy, stalled = int((pop - start).sum()), int((advance - pop).sum())
        return StageTiming(busy, stalled, self.total - busy - stalled, synaptic)


class Model:
    """All timed processes of one network."""

    def __init__(self, plan: Plan, trace: dict[str, Ints]) -> None:
        self.plan, self.trace = plan, trace
        self.images = len(trace[plan.graph.input.name])
        self.engine = Engine()
        self.outputs: dict[str, Channel] = {
            node.name: self.engine.channel() for node in plan.graph.nodes
        }
        self.passes: dict[str, engine.Passes] = {}
        self.work: dict[str, Work] = {}
        inputs: dict[tuple[str, str], Channel] = {}
        for stage in plan.stages:
            self.stage(stage, inputs)
        for node in plan.graph.nodes[1:]:
            self.outputs[node.name] = self.gather(plan[node.name])
        self.result = self.engine.channel()
        for node in plan.graph.nodes:
            targets = [(edge, inputs[edge.target, edge.port]) for edge in plan.consumers(node.name)]
            self.connect(node.name, targets)

    def run(
        self,
        beats: int,
        wait: bool,
        offers: Sequence[int] | None,
        accepts: Callable[[int], int] | None,
    ) -> Times:
        """Run to the end; returns when each image was answered."""
        answered = self.engine.times()
        values = int(np.prod(self.plan.graph.shapes[self.plan.graph.output.name]))
        into = self.outputs[self.plan.graph.input.name]
        self.engine.start(
            "the source",
            streams.source(into, self.images, beats, offers, answered if wait else None),
        )
        self.engine.start(
            "the sink", streams.sink(self.result, self.images * values, values, accepts, answered)
        )
        self.engine.run()
        return answered

    def stage(self, stage: Stage, inputs: dict[tuple[str, str], Channel]) -> None:
        """Processes of a stage and of its residual; adds their inputs."""
        takes, into = self.engine.times(), self.engine.channel()
        commits = self.array(stage, into, takes)
        inputs[stage.name, "i"] = into
        skip_commits, skip = None, stage.skip_stage
        if skip is not None:
            skip_into = inputs[stage.name, "skip"] = self.engine.channel()
            skip_commits = self.array(skip, skip_into, takes)
        results = (
            self.images * stage.positions * stage.folds * (stage.planes if stage.per_step else 1)
        )
        self.engine.start(
            f"{stage.name} (neurons)",
            engine.head(stage, results, commits, skip_commits, takes, self.outputs[stage.name]),
        )

    def array(self, stage: Stage, into: Channel, takes: Times) -> Times:
        """Line buffer, fetch and scan; returns the times of its commits."""
        times, start, name = self.engine.times, self.engine.start, stage.name
        released, fetched, commits, held = times(), times(), times(), engine.Held(times())
        work = self.work[name] = Work(stage, self.trace[stage.layer.source])
        passes = self.passes[name] = engine.Passes()
        start(f"{name} (line buffer)", engine.line_buffer(stage, into, released, self.images))
        start(f"{name} (fetch)", engine.fetch(stage, into, fetched, released, held, self.images))
        start(
            f"{name} (scan)",
            engine.scan(stage, work, self.images, fetched, held, commits, takes, passes),
        )
        return commits

    def gather(self, stage: Stage) -> Channel:
        """The stage's output with its windows one after the other."""
        into, windows = self.outputs[stage.name], stage.folding.windows
        if windows == 1:
            return into
        out, emptied, count = (
            self.engine.channel(),
            self.engine.times(),
            self.images * stage.positions,
        )
        self.engine.start(
            f"{stage.name} (gather)", streams.gather_in(into, emptied, stage.folds, count)
        )
        self.engine.start(
            f"{stage.name} (gather)",
            streams.gather_out(into, out, emptied, stage.folds, windows, count),
        )
        return out

    def connect(self, name: str, targets: list[tuple[Edge, Channel]]) -> None:
        """All streams that leave a node."""
        plan, out = self.plan, self.outputs[name]
        channels, height, width = plan.graph.shapes[name]
        group, positions = plan.o_group(name), self.images * height * width
        ends: list[tuple[int, int, Channel]] = [
            (edge.o_group, edge.depth, into) for edge, into in targets
        ]
        if name == plan.graph.output.name:
            ends.append((1, 0, self.result))
        branches = [out] if len(ends) == 1 else [self.engine.channel() for _ in ends]
        if len(ends) > 1:
            self.engine.start(
                f"{name} (fork)", streams.fork(out, branches, positions * (channels // group))
            )
        for branch, (o_group, depth, into) in zip(branches, ends, strict=True):
            self.edge(name, branch, into, group, o_group, depth, positions * channels)

    def edge(
        self,
        name: str,
        branch: Channel,
        into: Channel,
        i_group: int,
        o_group: int,
        depth: int,
        values: int,
    ) -> None:
        """Regroup and FIFO from ``branch`` to ``into``; ``values`` go through."""
        parts: list[tuple[str, int]] = [
            ("down" if down else "up", factor) for down, factor in streams.factors(i_group, o_group)
        ]
        if depth:
            parts.append(("fifo", depth))
        if not parts:
            parts.append(("wire", 1))
        group = i_group
        for last, (kind, number) in zip([False] * (len(parts) - 1) + [True], parts, strict=True):
            out = into if last else self.engine.channel()
            if kind == "up":
                group *= number
                self.engine.start(
                    f"{name} (regroup)", streams.regroup_up(branch, out, number, values // group)
                )
            elif kind == "down":
                self.engine.start(
                    f"{name} (regroup)", streams.regroup_down(branch, out, number, values // group)
                )
                group //= number
            elif kind == "fifo":
                self.engine.start(
                    f"{name} (fifo)", streams.fifo_in(branch, out, number, values // group)
                )
                self.engine.start(f"{name} (fifo)", streams.fifo_out(branch, out, values // group))
            else:
                self.engine.start(f"{name} (wire)", streams.fork(branch, [out], values // group))
            branch = out
