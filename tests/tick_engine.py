"""The engine of one stage, cycle by cycle: line buffer, queues and array, and the head."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from spikeloom.ir.nodes import Layer
from spikeloom.ir.number import Ints
from spikeloom.mapping.plan.plan import Stage

from tests.tick_streams import Beat, Clock, Link


@dataclass
class Queue:
    words: deque[list[int]] = field(
        default_factory=deque
    )  # each a word's spikes by channel, one entry per issue
    reserved: int = 0
    popped: int = 0
    waiting: bool = False
    issues: list[int] = field(default_factory=list)
    working: bool = False
    popping: bool = False


class Array:
    """Line buffer, fetch, queues, scan, barrier, credits, results of one stage."""

    def __init__(self, clock: Clock, into: Link, stage: Stage, words: Ints) -> None:
        self.clock, self.into, self.stage, self.words = clock, into, stage, words
        f = stage.folding
        self.event = f.body == "event"
        self.queues = [Queue() for _ in range(f.windows * f.banks if self.event else 1)]
        self.row_beats = stage.i_shape[2] * stage.beats
        self.capacity = stage.rows * self.row_beats
        self.ring: list[Beat | None] = [None] * self.capacity
        self.written = self.freed = 0
        self.order = self.fetches()
        self.coming = next(self.order, None)
        self.pipe: list[list[int]] | None = None
        self.plane = 0
        self.credits = stage.result_depth
        self.results: deque[int] = deque()  # cycle from which each is visible
        self.passes = 0
        self.counts: Counter[str] = Counter()
        self.taken = False  # by the head, in this cycle
        into.target = self

    def fetches(self) -> Iterator[tuple[int, int, int, int, int, int, int, bool, int]]:
        """(image, y, first column of the step, plane, ky, kx, word, first of the step, beats of the
        image freed or -1) in order.
        """
        s = self.stage
        height, width = s.o_shape[1:]
        for image in range(len(self.words)):
            for y in range(height):
                for x in range(0, width, s.folding.windows):
                    rest = s.folds * s.planes * s.pass_words
                    for fold in range(s.folds):
                        for plane in range(s.planes):
                            for ky in range(s.layer.kernel[0]):
                                for kx in range(s.layer.kernel[1]):
                                    for word in range(s.words):
                                        first = rest == s.folds * s.planes * s.pass_words
                                        rest -= 1
                                        free = -1
                                        if rest == 0 and x + s.folding.windows == width:
                                            rows = (y + 1) * s.layer.stride[0] - s.layer.padding[0]
                                            free = (
                                                s.i_shape[1]
                                                if y == height - 1
                                                else min(max(rows, 0), s.i_shape[1])
                                            )
                                        yield (
                                            image,
                                            y,
                                            x,
                                            plane,
                                            ky,
                                            kx,
                                            s.fold_word(fold) + word,
                                            first,
                                            free,
                                        )

    def ready(self, link: Link) -> bool:
        return self.written - self.freed < self.capacity

    def image_beats(self) -> int:
        return self.stage.i_shape[1] * self.row_beats

    def needed(self, image: int, y: int, x: int) -> int:
        """Beats that must have been written before the step's first fetch."""
        s = self.stage
        x += s.folding.windows - 1
        row = min(y * s.layer.stride[0] - s.layer.padding[0] + s.layer.kernel[0], s.i_shape[1]) - 1
        column = (
            min(x * s.layer.stride[1] - s.layer.padding[1] + s.layer.kernel[1], s.i_shape[2]) - 1
        )
        return image * self.image_beats() + row * self.row_beats + (column + 1) * s.beats

    def read(self, image: int, y: int, x: int, ky: int, kx: int, word: int) -> list[Beat]:
        """The beat of each window, zeros outside the map; what is read must be there still."""
        s = self.stage
        beats = []
        for window in range(s.folding.windows):
            row = y * s.layer.stride[0] - s.layer.padding[0] + ky
            column = (x + window) * s.layer.stride[1] - s.layer.padding[1] + kx
            if not (0 <= row < s.i_shape[1] and 0 <= column < s.i_shape[2]):
                beats.append((0,) * s.folding.group)
                continue
            index = image * self.image_beats() + row * self.row_beats + column * s.beats + word
            assert max(self.freed, self.written - self.capacity) <= index < self.written, (
                f"{s.name}: a beat was read that is not there"
            )
            beat = self.ring[index % self.capacity]
            group = slice(word * s.folding.group, (word + 1) * s.folding.group)
            assert beat == tuple(self.words[image, group, row, column].tolist()), (
                f"{s.name}: another beat stands in the line buffer"
            )
            beats.append(beat)
        return beats

    def split(self, beats: list[Beat], plane: int) -> list[list[int]]:
        """Issues of the word of each queue: spikes per cycle."""
        s, f = self.stage, self.stage.folding
        shift = s.i_code.steps - 1 - plane
        if not self.event:
            if s.folding.body in ("parallel", "max"):
                return [[sum(int(word).bit_count() for beat in beats for word in beat)]]
            return [[sum(word >> shift & 1 for beat in beats for word in beat)]]
        found = []
        for beat in beats:
            for bank in range(f.banks):
                own = s.dealt[bank * f.group // f.banks : (bank + 1) * f.group // f.banks]
                spikes = sum(beat[channel] >> shift & 1 for channel in own)
                issues = []
                while spikes > 0:
                    issues.append(min(spikes, f.ports))
                    spikes -= f.ports
                found.append(issues or [0])
        return found

    def commits(self) -> bool:
        return self.stage.per_step or self.plane == self.stage.planes - 1

    def decide(self) -> None:
        s = self.stage
        self.working = False
        self.issued = 0
        for queue in self.queues:
            queue.working = queue.popping = False
            if queue.waiting:
                continue
            assert queue.words or queue.issues or queue.popped == 0, (
                f"{s.name}: a pass waits in its middle"
            )
            if queue.words:
                self.working = queue.working = True
                issues = queue.issues or queue.words[0]
                self.issued += issues[0]
                queue.popping = len(issues) == 1
        finished = all(
            q.waiting or (q.popping and q.popped == s.pass_words - 1) for q in self.queues
        )
        self.advance = finished and (not self.commits() or self.credits > 0)
        self.stalling = all(q.waiting for q in self.queues)
        room = all(q.reserved < s.pass_words + 2 for q in self.queues)
        self.fetching = self.coming is not None and room
        if self.fetching and self.coming[7]:
            self.fetching = self.written >= self.needed(*self.coming[:3])

    def count(self) -> None:
        """What this cycle counts as, in an active one."""
        self.counts["stalled" if self.stalling else "busy" if self.working else "starved"] += 1

    def step(self) -> None:
        s = self.stage
        if isinstance(s.layer, Layer):
            self.counts["synaptic"] += self.issued * (
                1 if s.folding.body == "depthwise" else s.folding.elements
            )
        if self.pipe is not None:
            for queue, issues in zip(self.queues, self.pipe, strict=True):
                queue.words.append(issues)
        self.pipe = None
        for queue in self.queues:
            self.turn(queue)
        if self.advance and self.commits():
            self.credits -= 1
            self.results.append(self.clock.now + s.body_cycles + 1)
            assert (
                sum(time <= self.clock.now + s.body_cycles for time in self.results)
                <= s.result_depth
            )
        if self.advance:
            self.plane = (self.plane + 1) % s.planes
            self.passes += 1
        if self.taken:
            self.credits += 1
            self.results.popleft()
            self.taken = False
        if self.fetching:
            image, y, x, plane, ky, kx, word, _, free = self.coming
            self.pipe = self.split(self.read(image, y, x, ky, kx, word), plane)
            if free >= 0:
                self.freed = image * self.image_beats() + free * self.row_beats
            self.coming = next(self.order, None)
        if self.into.fired:
            image, rest = divmod(self.written, self.image_beats())
            position, beat = divmod(rest, s.beats)
            row, column = divmod(position, s.i_shape[2])
            group = slice(beat * s.folding.group, (beat + 1) * s.folding.group)
            assert self.into.value == tuple(self.words[image, group, row, column].tolist()), (
                f"{s.name}: beats arrive in another order"
            )
            self.ring[self.written % self.capacity] = self.into.value
            self.written += 1

    def turn(self, queue: Queue) -> None:
        """Registers of one queue."""
        if queue.working:
            queue.issues = (queue.issues or queue.words[0])[1:]
        queue.reserved += self.fetching - queue.popping
        if queue.popping:
            queue.words.popleft()
            queue.popped += 1
        queue.waiting = queue.popped == self.stage.pass_words
        if self.advance:
            queue.popped, queue.waiting = 0, False

    def idle(self) -> bool:
        return (
            self.passes
            == len(self.words) * self.stage.positions * self.stage.folds * self.stage.planes
        )

    def has_result(self) -> bool:
        return bool(self.results) and self.results[0] <= self.clock.now


class Head:
    def __init__(
        self, clock: Clock, out: Link, stage: Stage, arrays: list[Array], words: Ints
    ) -> None:
        self.clock, self.out, self.stage, self.arrays, self.words = clock, out, stage, arrays, words
        self.finish_at: int | None = None
        self.finished = self.sent = 0
        out.source = self

    def emits(self) -> bool:
        return not self.stage.per_step or self.finished % self.stage.planes == self.stage.planes - 1

    def valid(self, link: Link) -> bool:
        return self.finish_at is not None and self.clock.now >= self.finish_at and self.emits()

    def data(self, link: Link) -> list[Beat]:
        """The windows' words of the fold in work."""
        s, f = self.stage, self.stage.folding
        step, fold = divmod(self.sent, s.folds)
        image, step = divmod(step, s.positions)
        y, x = divmod(step * f.windows, s.o_shape[2])
        return [
            tuple(
                self.words[
                    image, fold * f.elements : (fold + 1) * f.elements, y, x + window
                ].tolist()
            )
            for window in range(f.windows)
        ]

    def idle(self) -> bool:
        return self.sent == len(self.words) * self.stage.positions * self.stage.folds

    def decide(self) -> None:
        self.finish = (
            self.finish_at is not None
            and self.clock.now >= self.finish_at
            and (self.out.fired or not self.emits())
        )
        free = self.finish_at is None or self.finish
        self.take = free and all(array.has_result() for array in self.arrays)
        for array in self.arrays:
            array.taken = self.take

    def step(self) -> None:
        if self.finish:
            self.finished += 1
            self.finish_at = None
        if self.out.fired:
            self.sent += 1
        if self.take:
            self.finish_at = self.clock.now + self.stage.neuron_cycles
