"""What lies between stages, cycle by cycle, for :mod:`tests.ticks`: links, source, sink, fork,
regroup, FIFO, gather.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

Beat = tuple[int, ...]


class Clock:
    now = 0


class Link:
    """A stream: ``fired`` and ``value`` hold for the present cycle once they are worked out."""

    source: Any
    target: Any
    fired = False
    value: Any = None

    def settle(self) -> None:
        self.fired = self.source.valid(self) and self.target.ready(self)
        self.value = self.source.data(self) if self.fired else None

    def ready(self) -> bool:
        return bool(self.target.ready(self))


class Source:
    def __init__(
        self,
        clock: Clock,
        out: Link,
        beats: list[Beat],
        per_image: int,
        offers: Sequence[int] | None,
        sink: Sink | None,
    ) -> None:
        self.clock, self.out, self.beats, self.per_image, self.offers, self.sink = (
            clock,
            out,
            beats,
            per_image,
            offers,
            sink,
        )
        self.sent = 0
        self.first: list[int] = []
        out.source = self

    def valid(self, link: Link) -> bool:
        if self.sent == len(self.beats) or (
            self.offers is not None and self.clock.now < self.offers[self.sent]
        ):
            return False
        return self.sink is None or len(self.sink.last) >= self.sent // self.per_image

    def data(self, link: Link) -> Beat:
        return self.beats[self.sent]

    def step(self) -> None:
        if self.out.fired:
            if self.sent % self.per_image == 0:
                self.first.append(self.clock.now)
            self.sent += 1


class Sink:
    def __init__(
        self, clock: Clock, into: Link, per_image: int, accepts: Callable[[int], int] | None
    ) -> None:
        self.clock, self.into, self.per_image, self.accepts = clock, into, per_image, accepts
        self.values: list[int] = []
        self.last: list[int] = []
        into.target = self

    def ready(self, link: Link) -> bool:
        return self.accepts is None or self.accepts(self.clock.now) == self.clock.now

    def step(self) -> None:
        if self.into.fired:
            self.values.append(*self.into.value)
            if len(self.values) % self.per_image == 0:
                self.last.append(self.clock.now)


class Fork:
    def __init__(self, into: Link, outs: list[Link]) -> None:
        self.into, self.outs, self.taken = into, outs, [False] * len(outs)
        into.target = self
        for out in outs:
            out.source = self

    def valid(self, link: Link) -> bool:
        return bool(self.into.source.valid(self.into)) and not self.taken[self.outs.index(link)]

    def data(self, link: Link) -> Beat:
        return self.into.source.data(self.into)

    def ready(self, link: Link) -> bool:
        return all(taken or out.ready() for taken, out in zip(self.taken, self.outs, strict=True))

    def step(self) -> None:
        self.taken = [
            not self.into.fired and (taken or out.fired)
            for taken, out in zip(self.taken, self.outs, strict=True)
        ]


class Up:
    """``factor`` beats to one."""

    def __init__(self, into: Link, out: Link, factor: int) -> None:
        self.into, self.out, self.factor, self.held = into, out, factor, ()
        into.target = out.source = self

    def full(self) -> bool:
        return len(self.held) == self.factor

    def valid(self, link: Link) -> bool:
        return self.full()

    def data(self, link: Link) -> Beat:
        return sum(self.held, ())

    def ready(self, link: Link) -> bool:
        return not self.full() or self.out.ready()

    def step(self) -> None:
        if self.out.fired:
            self.held = ()
        if self.into.fired:
            self.held += (self.into.value,)


class Down:
    """One beat to ``factor``."""

    def __init__(self, into: Link, out: Link, factor: int) -> None:
        self.into, self.out, self.factor = into, out, factor
        self.parts: list[Beat] = []
        into.target = out.source = self

    def valid(self, link: Link) -> bool:
        return bool(self.parts)

    def data(self, link: Link) -> Beat:
        return self.parts[0]

    def ready(self, link: Link) -> bool:
        return not self.parts or (len(self.parts) == 1 and self.out.ready())

    def step(self) -> None:
        if self.out.fired:
            self.parts.pop(0)
        if self.into.fired:
            size = len(self.into.value) // self.factor
            self.parts = [self.into.value[i * size : (i + 1) * size] for i in range(self.factor)]


class Fifo:
    def __init__(self, into: Link, out: Link, depth: int) -> None:
        self.into, self.out, self.depth = into, out, depth
        self.held: deque[Beat] = deque()
        into.target = out.source = self

    def valid(self, link: Link) -> bool:
        return bool(self.held)

    def data(self, link: Link) -> Beat:
        return self.held[0]

    def ready(self, link: Link) -> bool:
        return len(self.held) < self.depth

    def step(self) -> None:
        if self.out.fired:
            self.held.popleft()
        if self.into.fired:
            self.held.append(self.into.value)


class Gather:
    """(fold; windows side by side) to (window; folds), two buffers."""

    def __init__(self, into: Link, out: Link, folds: int, windows: int) -> None:
        self.into, self.out, self.folds, self.windows = into, out, folds, windows
        self.buffers: deque[list[list[Beat]]] = deque()
        self.sent = 0
        into.target = out.source = self

    def ready(self, link: Link) -> bool:
        filling = bool(self.buffers) and len(self.buffers[-1]) < self.folds
        return filling or len(self.buffers) < 2

    def valid(self, link: Link) -> bool:
        return bool(self.buffers) and len(self.buffers[0]) == self.folds

    def data(self, link: Link) -> Beat:
        return self.buffers[0][self.sent % self.folds][self.sent // self.folds]

    def step(self) -> None:
        room = not self.buffers or len(self.buffers[-1]) == self.folds
        if self.into.fired:
            if room:
                self.buffers.append([])
            self.buffers[-1].append(self.into.value)
        if self.out.fired:
            self.sent += 1
            if self.sent == self.folds * self.windows:
                self.sent = 0
                self.buffers.popleft()


class Side:
    """The windows of a head that has one: a beat instead of a list of beats."""

    def __init__(self, into: Link, out: Link) -> None:
        self.into, self.out = into, out
        into.target = out.source = self

    def valid(self, link: Link) -> bool:
        return bool(self.into.source.valid(self.into))

    def data(self, link: Link) -> Beat:
        (beat,) = self.into.source.data(self.into)
        return beat

    def ready(self, link: Link) -> bool:
        return self.out.ready()

    def step(self) -> None: ...
